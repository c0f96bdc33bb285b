"""Rules about WebSockets: Flask's extensions, which need the server's socket, and routes of ASGI apps. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move


def extension(seen: Seen, move: Move) -> Advice | None:
    if move.to == "wsgi" and move.server.lends_socket:
        return None
    reason = {
        "cgi": "a CGI program has no connection to its client, only pipes (RFC 3875, 4.2, 6)",
        "wsgi": f"{move.server.name} does not put its socket into the environ (it is no part of PEP 3333)",
        "asgi": f"{move.runner} has no socket to lend; upgrade requests arrive in scopes of type websocket",
    }[move.to]
    return Advice(
        f"{seen.values['name']} takes the connection from the server",
        f"{reason}, so WebSockets fail there. HTTP requests work",
        "keep these paths on gunicorn with --worker-class gthread, or serve them by an ASGI app",
    )


def route(seen: Seen, move: Move) -> Advice | None:
    if move.interface != "asgi" or move.to == "asgi" or (move.to == "wsgi" and move.server.shows_socket):
        return None
    reason = (
        "a CGI program has no connection to its client, only pipes (RFC 3875, 4.2, 6)"
        if move.to == "cgi"
        else f"{move.server.name} shows no socket (PEP 3333 has no name for it), so the adapter cannot take it over"
    )
    return Advice(
        f"the WebSocket route {seen.values['path']} is answered with 501",
        f"{reason}",
        "serve this path by an ASGI server" + ("" if move.to == "cgi" else ", or choose gunicorn, waitress or cheroot"),
    )
