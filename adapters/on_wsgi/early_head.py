"""Send the response headers before the first block of the body exists.

Knows which servers wait for a block that is not empty. It must not know the application.
"""

from __future__ import annotations

from typing import Any

# gunicorn, uWSGI, granian, werkzeug and wsgiref send the headers with the first block that they get, also an empty one.
# eventlet is missing: its write(b"") sends an empty chunk, which ends the body.
_WAITING = ("waitress.", "cheroot.", "gevent.pywsgi", "twisted.web.wsgi", "gateways.adapters.run_wsgi.")


def send_head(write: Any) -> None:
    """Make the server send the response headers. `write` is the result of its start_response().

    PEP 3333, "The start_response() Callable": the headers are sent at the first block that is not empty, or at the
    first call of write(). Another write(), or None, belongs to a middleware, which may collect the body.
    """
    if (getattr(write, "__module__", None) or "").startswith(_WAITING):
        write(b"")
