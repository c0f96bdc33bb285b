"""Accept requests of the page itself, and refuse those of other sites. Pure.

A script of another site can send requests to this address, and can read the responses if the site's name resolves to
this address (DNS rebinding). So the Host must be a name that another site's DNS cannot define. A request that causes an
action must also have the page's own origin.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit


def refusal(scope: dict[str, Any], host: str) -> str | None:
    """Return the reason to refuse this request; None if it is allowed. `host` is the name that the command listens on.

    A browser sends Origin with every POST (Fetch Standard, 3.2) and every WebSocket handshake (RFC 6455, 4.1).
    """
    requested = _only(scope, b"host")
    if requested is None or not _is_known(requested, host):
        return (
            f"the Host header {requested!r} does not name this server; "
            "open the page with the server's IP address or with localhost"
        )
    origin = _only(scope, b"origin")
    acts = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
    if (origin is None and acts) or (origin is not None and origin != f"http://{requested}"):
        return f"the Origin header {origin!r} is not the origin of this page, 'http://{requested}'"
    return None


def _only(scope: dict[str, Any], name: bytes) -> str | None:
    """Return the value of a header that occurs exactly once, else None."""
    values = [value for each, value in scope["headers"] if each.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def _is_known(requested: str, host: str) -> bool:
    """Return True for an IP address (which needs no DNS), localhost, and the name given to the command."""
    try:
        name = urlsplit(f"//{requested}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in {"localhost", host.lower()}
    return True
