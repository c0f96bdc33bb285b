"""Rules about WebSockets: Flask's extensions, which need the server's socket, and routes of ASGI apps. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move

WEBSOCKETS = 256
"""Default of the argument `websockets` of WSGIToASGI."""


def extension(seen: Seen, move: Move) -> Advice | None:
    name = seen.values["name"]
    if move.to == "wsgi" and move.server.lends_socket:
        return None
    if move.to == "asgi":
        return Advice(
            f"each WebSocket of {name} occupies a thread, and the number of threads is limited",
            f"{move.server.name} speaks the protocol itself (ASGI, WebSocket) and provides no socket, so WSGIToASGI "
            f"gives the app one end of a socket pair. It serves at most {WEBSOCKETS} WebSockets, and refuses others "
            "with status 503 or close code 1013",
            "set websockets= of WSGIToASGI to the expected number of clients; each needs a thread",
        )
    reason = (
        "a CGI program has no connection to its client, only pipes (RFC 3875, 4.2, 6)"
        if move.to == "cgi"
        else f"{move.server.name} does not put its socket into the environ (PEP 3333 has no name for it)"
    )
    return Advice(
        f"{name} takes over the connection of the server",
        f"{reason}, so WebSockets fail there, although HTTP requests work",
        "serve these paths on gunicorn with --worker-class gthread, or with WSGIToASGI on an ASGI server",
    )


def route(seen: Seen, move: Move) -> Advice | None:
    if move.interface != "asgi" or move.to == "asgi" or (move.to == "wsgi" and move.server.shows_socket):
        return None
    reason = (
        "a CGI program has no connection to its client, only pipes (RFC 3875, 4.2, 6)"
        if move.to == "cgi"
        else f"{move.server.name} exposes no socket (PEP 3333 has no name for it), so the adapter cannot take it over"
    )
    return Advice(
        f"the WebSocket route {seen.values['path']} gets a 501 response",
        f"{reason}",
        "serve this path with an ASGI server" + ("" if move.to == "cgi" else ", or use gunicorn, waitress or cheroot"),
    )
