"""What servers are told to serve when an adapter stands in between: `gateways.compare.adapted:app`.

The environment variable GATEWAYS_ADAPTED says what `app` is, e.g. {"mode": "wsgi-on-asgi", "on": "asgi", "by": "ours",
"app": "module:attribute", "threads": 32}. Each adapter is used as its documentation says.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gateways.serving.target import load_object


def _cgi_on_asgi(program: str, _threads: int, *, warm: bool) -> Any:
    from gateways.adapters import CGIToASGI

    return CGIToASGI(program, env=_path(), inherit=os.environ, warm=warm)


def _cgi_on_wsgi(program: str, _threads: int, *, warm: bool) -> Any:
    from gateways.adapters import CGIToWSGI

    return CGIToWSGI(program, env=_path(), inherit=os.environ, warm=warm)


def _as_it_is(app: str, _threads: int) -> Any:
    """For what the server's own command line would not understand: a file, a factory."""
    return load_object(app)


def _path() -> dict[str, str]:
    """A program that starts with `#!/usr/bin/env python3` gets the Python that runs this."""
    return {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])}


def _wsgi_by_ours(app: str, threads: int) -> Any:
    from gateways.adapters import WSGIToASGI

    return WSGIToASGI(load_object(app), threads=threads)


def _wsgi_by_a2wsgi(app: str, threads: int) -> Any:
    from a2wsgi import WSGIMiddleware

    return WSGIMiddleware(load_object(app), workers=threads)


def _wsgi_by_asgiref(app: str, _threads: int) -> Any:
    from asgiref.wsgi import WsgiToAsgi

    return WsgiToAsgi(load_object(app))  # type: ignore[no-untyped-call]


def _asgi_by_ours(app: str, _threads: int) -> Any:
    from gateways.adapters import ASGIToWSGI

    return ASGIToWSGI(load_object(app))


def _asgi_by_a2wsgi(app: str, _threads: int) -> Any:
    from a2wsgi import ASGIMiddleware

    return ASGIMiddleware(load_object(app))


MAKERS: dict[tuple[str, str, str], Callable[[str, int], Any]] = {
    ("cgi", "asgi", "cold"): partial(_cgi_on_asgi, warm=False),
    ("cgi", "asgi", "warm"): partial(_cgi_on_asgi, warm=True),
    ("cgi", "wsgi", "cold"): partial(_cgi_on_wsgi, warm=False),
    ("cgi", "wsgi", "warm"): partial(_cgi_on_wsgi, warm=True),
    ("wsgi", "wsgi", ""): _as_it_is,
    ("asgi", "asgi", ""): _as_it_is,
    ("wsgi-on-asgi", "asgi", "ours"): _wsgi_by_ours,
    ("wsgi-on-asgi", "asgi", "a2wsgi"): _wsgi_by_a2wsgi,
    ("wsgi-on-asgi", "asgi", "asgiref"): _wsgi_by_asgiref,
    ("asgi-on-wsgi", "wsgi", "ours"): _asgi_by_ours,
    ("asgi-on-wsgi", "wsgi", "a2wsgi"): _asgi_by_a2wsgi,
}
"""By mode, the server's interface, and the adapter's name: from what is to be served, and threads, to an app."""


def __getattr__(name: str) -> Any:
    """Make `app` when the server imports it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    wanted = json.loads(os.environ["GATEWAYS_ADAPTED"])
    make = MAKERS[wanted["mode"], wanted["on"], wanted["by"]]
    app = globals()["app"] = make(wanted["app"], wanted.get("threads", 0))
    return app
