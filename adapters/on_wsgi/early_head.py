"""Send the response headers before the first block of the body exists.

Knows which servers send no headers before the first block that is not empty. It must not know the application.
"""

from __future__ import annotations

from typing import Any

# Servers that need write(b""). gunicorn, uWSGI, granian, werkzeug and wsgiref already send the headers with the first
# block, even if it is empty. eventlet is not listed: its write(b"") sends an empty chunk, which ends the body.
_WAITING = ("waitress.", "cheroot.", "gevent.pywsgi", "twisted.web.wsgi", "gateways.adapters.run_wsgi.")


def send_head(write: Any) -> None:
    """Send the response headers now, with `write(b"")`, if `write` is the function of a server in `_WAITING`.

    `write` is the result of start_response(). PEP 3333, "The start_response() Callable": a server sends the headers
    with the first block that is not empty, or at the first call of write(). Do nothing for any other function: it may
    belong to a middleware that collects the body.
    """
    if (getattr(write, "__module__", None) or "").startswith(_WAITING):
        write(b"")
