"""The WSGI servers that support WebSockets of an ASGI app, with few threads each, and a server that does not.

Knows the commands of servers. It must not know the requests.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence

import pytest

from tests.programs import require_uwsgi
from tests.real.serving import Running, serve

FASTAPI = "tests.real.apps.websocket_fastapi:app"

_LOAD = "import importlib, sys; host, port, target = sys.argv[1:]; m, a = target.split(':')\n"
_APP = "app = getattr(importlib.import_module(m), a)\n"
_WERKZEUG = _LOAD + _APP + "from werkzeug.serving import run_simple\nrun_simple(host, int(port), app, threaded=True)\n"
_PYWSGI = (
    "from gevent import monkey; monkey.patch_all()\n"
    + _LOAD
    + _APP
    + "from gevent.pywsgi import WSGIServer\nWSGIServer((host, int(port)), app).serve_forever()\n"
)
_EVENTLET = (
    "import eventlet, eventlet.wsgi; eventlet.monkey_patch()\n"
    + _LOAD
    + _APP
    + "eventlet.wsgi.server(eventlet.listen((host, int(port))), app)\n"
)
_WSGIREF = (
    _LOAD
    + _APP
    + """import socketserver
from wsgiref.simple_server import WSGIServer, make_server
class Threading(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
make_server(host, int(port), app, Threading).serve_forever()
"""
)
_PROGRAMS = {"werkzeug": _WERKZEUG, "gevent pywsgi": _PYWSGI, "eventlet": _EVENTLET, "wsgiref": _WSGIREF}
_SERVERS: Mapping[str, tuple[str, ...]] = {
    "gunicorn sync": ("gunicorn", "--worker-class", "sync", "--threads", "1"),
    "gunicorn gthread": ("gunicorn", "--worker-class", "gthread", "--threads", "4"),
    "gunicorn gevent": ("gunicorn", "--worker-class", "gevent"),
    "waitress": ("waitress", "--threads=4"),
    "cheroot": ("cheroot", "--threads", "4"),
    "granian": ("granian-wsgi", "--blocking-threads", "4"),
}
CARRYING = (*(name for name in _SERVERS if name != "granian"), *_PROGRAMS, "uWSGI")
"""The servers that expose their connections."""

MISSING = {
    ("uWSGI", "bytes sent before the 101"): "uWSGI has read them into memory that an app cannot see: they are lost",
}
"""Failing checks of a server, with reasons."""


@contextlib.contextmanager
def serving(name: str, *options: str, app: str = FASTAPI, grace: float = 5.0) -> Iterator[Running]:
    """Run one of CARRYING, or granian, with an app."""
    if name in _SERVERS:
        server, *others = _SERVERS[name]
        with serve(app, server, *others, *options, grace=grace) as running:
            yield running
        return
    if name == "uWSGI":
        with serve([*_uwsgi(), "--wsgi", app, *options], grace=grace) as running:
            yield running
        return
    arguments = [sys.executable, "-W", "ignore", "-c", _PROGRAMS[name], "{host}", "{port}", app]
    environment = {**os.environ, "EVENTLET_NO_GREENDNS": "yes"}
    if name == "eventlet" and importlib.util.find_spec("eventlet") is None:
        pytest.skip("eventlet is not installed: pip install eventlet")
    with serve(arguments, env=environment, grace=grace) as running:
        yield running


def _uwsgi() -> Sequence[str]:
    return (
        *(require_uwsgi(), "--http-socket", "{host}:{port}", "--master", "--processes", "1", "--threads", "4"),
        *("--die-on-term", "--need-app", "--py-call-uwsgi-fork-hooks", "--buffer-size", "32768"),
    )
