"""Whether a server itself iterates a response, or a middleware does: then only the middleware knows the whole body.

Knows in which variable each server keeps the iterable of its application. It must not know why this is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_SERVERS = ("gunicorn", "waitress", "cheroot", "gevent", "eventlet", "werkzeug", "wsgiref")
_WERKZEUG = "werkzeug.serving"  # the rest of werkzeug has middleware


def is_called_by_uwsgi(environ: Mapping[str, Any]) -> bool:
    """Return True if uWSGI, which is written in C, has called the caller without a middleware between.

    One of its threads may have been started by a script of pyuwsgi, which is no function.
    """
    caller = sys._getframe(1).f_back  # noqa: SLF001 - inspect.currentframe() is the same
    if "uwsgi.version" not in environ:
        return False
    return caller is None or (caller.f_back is None and caller.f_code.co_name == "<module>")


def is_iterated_by_server(iterable: object) -> bool:
    """Return True if the caller's caller is a server's code that has this very iterable as its application's.

    An iterator written in C, such as map(), has no frame: so a server as caller is not enough.
    """
    method = sys._getframe(1)  # noqa: SLF001
    server = method.f_back
    if server is None:
        return False
    module = str(server.f_globals.get("__name__"))
    if module.partition(".")[0] not in _SERVERS or (module[:8] == "werkzeug" and module != _WERKZEUG):
        return False
    variables = server.f_locals
    if getattr(variables.get("self"), "result", None) is iterable:  # wsgiref's handlers and gevent's
        return True
    return any(value is iterable for value in variables.values())
