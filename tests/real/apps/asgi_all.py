"""The ASGI apps of this folder as one WSGI app: the first label of the Host selects one; the default is MCP's.

A WSGI server runs `tests.real.apps.asgi_all:app`. Each app has its own adapter; they share one loop per process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateways.adapters import ASGIToWSGI
from tests.real.apps import (
    asgi_bare,
    asgi_django,
    asgi_fastapi,
    asgi_litestar,
    asgi_mcp,
    asgi_quart,
    asgi_starlette,
)

_HOSTS = {
    "asgi": asgi_bare.wsgi,
    "django": ASGIToWSGI(asgi_django.app),
    "fastapi": ASGIToWSGI(asgi_fastapi.app),
    "litestar": ASGIToWSGI(asgi_litestar.app),
    "quart": ASGIToWSGI(asgi_quart.app),
    "starlette": ASGIToWSGI(asgi_starlette.app),
}
_mcp = ASGIToWSGI(asgi_mcp.app)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    label = environ.get("HTTP_HOST", "").partition(".")[0]
    return _HOSTS.get(label, _mcp)(environ, start_response)
