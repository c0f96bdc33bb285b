"""Adapters between CGI, WSGI and ASGI. Standard library only; usable alone.

Each class is imported on first access, so a CGI program does not import an event loop that it does not use. To start
fast, WSGIToCGI does not import typing, logging or re: each would add a tenth to its start-up time.
"""

from __future__ import annotations

if not __name__.startswith("gateways."):  # a clone's root is on sys.path, and PyPI has another package `adapters`
    raise ImportError(f"this folder is the package gateways.adapters, not {__name__!r}: import gateways.adapters")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .asgi_to_cgi import ASGIToCGI as ASGIToCGI
    from .asgi_to_wsgi import ASGIToWSGI as ASGIToWSGI
    from .cgi_to_asgi import CGIToASGI as CGIToASGI
    from .cgi_to_wsgi import CGIToWSGI as CGIToWSGI
    from .choose import adapt as adapt
    from .errors import ClientDisconnected as ClientDisconnected
    from .wsgi_to_asgi import WSGIToASGI as WSGIToASGI
    from .wsgi_to_cgi import WSGIToCGI as WSGIToCGI

_HOMES = {
    "adapt": "choose",
    "ASGIToCGI": "asgi_to_cgi",
    "ASGIToWSGI": "asgi_to_wsgi",
    "CGIToASGI": "cgi_to_asgi",
    "CGIToWSGI": "cgi_to_wsgi",
    "ClientDisconnected": "errors",
    "WSGIToASGI": "wsgi_to_asgi",
    "WSGIToCGI": "wsgi_to_cgi",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
