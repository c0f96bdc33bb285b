"""Detect whether the server itself iterates over a response, or a middleware, which may change the body.

Knows the variable in which each server keeps the application's iterable. It must not know how the result is used.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_SERVERS = ("gunicorn", "waitress", "cheroot", "gevent", "eventlet", "werkzeug", "wsgiref")
_WERKZEUG = "werkzeug.serving"  # other modules of werkzeug contain middleware


def is_called_by_uwsgi(environ: Mapping[str, Any]) -> bool:
    """Return True if uWSGI has called the caller directly, without middleware.

    uWSGI is written in C and has no frame. Under pyuwsgi the last frame may be that of a script (not of a function).
    """
    caller = sys._getframe(1).f_back  # noqa: SLF001 - inspect.currentframe() is the same
    if "uwsgi.version" not in environ:
        return False
    return caller is None or (caller.f_back is None and caller.f_code.co_name == "<module>")


def is_iterated_by_server(iterable: object) -> bool:
    """Return True if the caller's caller is code of a server whose application returned this iterable.

    An iterator written in C, such as map(), has no frame, so it is not sufficient that the caller is a server.
    """
    method = sys._getframe(1)  # noqa: SLF001
    server = method.f_back
    if server is None:
        return False
    module = str(server.f_globals.get("__name__"))
    if module.partition(".")[0] not in _SERVERS or (module[:8] == "werkzeug" and module != _WERKZEUG):
        return False
    variables = server.f_locals
    if getattr(variables.get("self"), "result", None) is iterable:  # the handlers of wsgiref and gevent
        return True
    return any(value is iterable for value in variables.values())
