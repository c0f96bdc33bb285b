"""Adapters between CGI, WSGI and ASGI. They need only the standard library, and nothing else of this project.

A class is imported when it is first accessed, so a CGI program that needs no event loop does not import asyncio.
WSGIToCGI does not import typing, logging or re, because each of them would make a program start a tenth slower.
"""

from __future__ import annotations

if not __name__.startswith("gateways."):  # the root of a clone may be on sys.path; PyPI has another `adapters` package
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

_MODULES = {
    "adapt": "choose",
    "ASGIToCGI": "asgi_to_cgi",
    "ASGIToWSGI": "asgi_to_wsgi",
    "CGIToASGI": "cgi_to_asgi",
    "CGIToWSGI": "cgi_to_wsgi",
    "ClientDisconnected": "errors",
    "WSGIToASGI": "wsgi_to_asgi",
    "WSGIToCGI": "wsgi_to_cgi",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(__import__(f"{__name__}.{_MODULES[name]}", fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
