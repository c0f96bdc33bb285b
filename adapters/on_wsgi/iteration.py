"""Detect whether the server or a middleware iterates over a response. A middleware may change the body.

Knows the variable in which each server keeps the application's iterable. It must not know what its caller does next.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_SERVERS = ("gunicorn", "waitress", "cheroot", "gevent", "eventlet", "werkzeug", "wsgiref")
_WERKZEUG = "werkzeug.serving"  # other modules of werkzeug contain middleware


def is_called_by_uwsgi(environ: Mapping[str, Any]) -> bool:
    """Return True if uWSGI has called the caller of this function directly, without middleware.

    uWSGI is written in C, so it has no Python frame. Under pyuwsgi, the last frame may be the top level of a script.
    """
    caller = sys._getframe(1).f_back  # noqa: SLF001 - inspect.currentframe() calls the same function
    if "uwsgi.version" not in environ:
        return False
    return caller is None or (caller.f_back is None and caller.f_code.co_name == "<module>")


def is_iterated_by_server(iterable: object) -> bool:
    """Return True if the iterating code belongs to a server, and the server's application returned this iterable.

    The iterating code is the caller's caller. The second condition detects middleware that uses an iterator written in
    C, such as map(). Such an iterator has no frame, so the caller's caller is the server although map() iterates.
    """
    method = sys._getframe(1)  # noqa: SLF001
    server = method.f_back
    if server is None:
        return False
    module = str(server.f_globals.get("__name__"))
    if module.partition(".")[0] not in _SERVERS or (module[:8] == "werkzeug" and module != _WERKZEUG):
        return False
    variables = server.f_locals
    if getattr(variables.get("self"), "result", None) is iterable:  # wsgiref and gevent keep it in a handler
        return True
    return any(value is iterable for value in variables.values())
