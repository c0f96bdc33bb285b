"""The adapters that the suite can be run against: ours, and those of other packages.

The environment variable CONTRACT_ADAPTER selects the adapter. Default: ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = "CONTRACT_ADAPTER"


@dataclass(frozen=True)
class Contender:
    """An adapter: its distribution, and how to create it for a WSGI app with a number of threads (None: its own
    default).
    """

    distribution: str
    title: str
    make: Callable[..., Any]


def _ours(app: Any, threads: int | None, **options: Any) -> Any:
    from gateways.adapters import WSGIToASGI

    return WSGIToASGI(app, **({} if threads is None else {"threads": threads}) | options)


def _a2wsgi(app: Any, threads: int | None, **_: Any) -> Any:
    from a2wsgi import WSGIMiddleware

    return WSGIMiddleware(app) if threads is None else WSGIMiddleware(app, workers=threads)


def _asgiref(app: Any, threads: int | None, **_: Any) -> Any:
    from asgiref.wsgi import WsgiToAsgi

    return WsgiToAsgi(app)  # type: ignore[no-untyped-call]


def _starlette(app: Any, threads: int | None, **_: Any) -> Any:
    from starlette.middleware.wsgi import WSGIMiddleware

    return WSGIMiddleware(app)


def _hypercorn(app: Any, threads: int | None, **_: Any) -> Any:
    from hypercorn.middleware import AsyncioWSGIMiddleware

    return AsyncioWSGIMiddleware(app, max_body_size=2**30)


CONTENDERS = {
    "gateways": Contender("gateways", "gateways.adapters.WSGIToASGI", _ours),
    "a2wsgi": Contender("a2wsgi", "a2wsgi.WSGIMiddleware", _a2wsgi),
    "asgiref": Contender("asgiref", "asgiref.wsgi.WsgiToAsgi", _asgiref),
    "starlette": Contender("starlette", "starlette.middleware.wsgi.WSGIMiddleware", _starlette),
    "hypercorn": Contender("hypercorn", "hypercorn.middleware.AsyncioWSGIMiddleware", _hypercorn),
}


def contender() -> Contender:
    """Return the adapter of this run."""
    return CONTENDERS[os.environ.get(ENVIRONMENT, "gateways")]


def is_ours() -> bool:
    return contender().distribution == "gateways"
