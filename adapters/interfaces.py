"""Detect an application that was written for the other interface, before its first request fails.

Pure: knows code objects. It must not call the application. If both functions return False, the interface is unknown.
"""

from __future__ import annotations

from typing import Any

_COROUTINE = 0x80  # inspect.CO_COROUTINE


def is_asgi(app: Any) -> bool:
    """Return True if calling `app` returns a coroutine. Such an application is an ASGI 3 application."""
    code = _code(app)
    return code is not None and bool(code.co_flags & _COROUTINE)


def is_wsgi(app: Any) -> bool:
    """Return True if the last positional parameter of `app` is `start_response` (PEP 3333).

    A coroutine function is not a WSGI application.
    """
    code = _code(app)
    if code is None or code.co_flags & _COROUTINE:
        return False
    return bool(code.co_varnames[: code.co_argcount][-1:] == ("start_response",))


def _code(app: Any) -> Any:
    """Return the code object of a function, a method, or an object's __call__ method; None for anything else."""
    if isinstance(app, type):
        return None
    return getattr(app, "__code__", None) or getattr(type(app).__call__, "__code__", None)
