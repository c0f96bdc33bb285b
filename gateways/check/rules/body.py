"""Rules about bodies: streams that a server buffers, streams that occupy a thread, and uploads over a limit. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import MIB, Move


def stream(seen: Seen, move: Move) -> Advice | None:
    values, server = seen.values, move.server
    if server.buffering and not (server.name == "nginx" and values["accel"]):
        return Advice(
            f"the stream of {seen.request} arrives late",
            f"{server.buffering}: the client receives nothing until a buffer is full or the response ends",
            server.unbuffered,
        )
    if values["endless"] and move.interface == "asgi" and move.to == "wsgi":
        threads = move.threads_asked or server.threads
        return Advice(
            f"each client of {seen.request} holds a thread of the server",
            f"a WSGI server runs a response on one of its threads until it ends (PEP 3333, Buffering and Streaming); "
            f"the check assumes that {server.name} has {threads} thread{'s' if threads > 1 else ''} (--threads)",
            "give the server one thread for each concurrent stream, or serve this path with ASGI; for event streams, "
            "ASGIToWSGI(app, detach=True) needs no threads",
        )
    if values["endless"] and move.to == "cgi":
        return Advice(
            f"each client of {seen.request} holds a process",
            "a CGI program runs until its response ends (RFC 3875, 3.4); hosts limit its duration and the number of "
            "programs",
            "serve this path with an ASGI server, or let clients poll",
        )
    return None


def upload(seen: Seen, move: Move) -> Advice | None:
    limit = move.server.body_limit
    if limit is None:
        return None
    size = seen.values.get("size")
    if size is None and limit > MIB:  # upload sizes are unknown, so report only a limit that a photo may exceed
        return None
    if size is not None and size <= limit:
        return None
    allowed = f"the app allows {size:,} bytes" if size else "the app accepts files"
    return Advice(
        f"{move.server.name} refuses request bodies above {limit:,} bytes",
        f"{allowed}, but {move.server.name} responds with 413 before the app is called (RFC 9110, 15.5.14)",
        f"raise {move.server.body_option}",
    )
