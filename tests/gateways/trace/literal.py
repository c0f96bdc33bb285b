"""A trace of literal values, for tests of its presentation."""

from gateways.events.events import Batch
from gateways.trace.document import Line, Served, Trace, all_steps
from gateways.trace.steps import lifespans_of, of_batches, of_connection
from gateways.trace.wire import Piece

PIECES = [
    Piece(10.000, "in", b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    Piece(10.200, "out", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"),
    Piece(10.201, "out", b"abc"),
    Piece(10.202, "in", b""),
]
ASGI = Batch(
    7,
    "asgi",
    {1: "MainThread"},
    (
        (9.5, 1, 1, "scope", {"type": "lifespan"}),
        (9.6, 1, 1, "receive", {"type": "lifespan.startup"}),
        (10.001, 1, 2, "scope", {"type": "http", "path": "/a", "headers": [(b"host", b"h")]}),
        (10.100, 1, 2, "send", {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]}),
        (10.101, 1, 2, "send", {"type": "http.response.body", "body": b"abc"}),
        (10.102, 1, 2, "returned", None),
        (10.102, 1, 2, "end", None),
        (10.300, 1, 1, "receive", {"type": "lifespan.shutdown"}),
        (10.301, 1, 1, "returned", None),
    ),
)
WSGI = Batch(
    7,
    "wsgi",
    {2: "worker-1"},
    (
        (10.003, 2, 1, "environ", {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "asgi.scope": 1}),
        (10.004, 2, 1, "start_response", ("200 OK", [("Content-Length", "3")], False)),
        (10.005, 2, 1, "raised", "ValueError('x\x1b') at app.py:3"),
    ),
)


def trace(adapter: str = "", problem: str | None = None) -> Trace:
    """Return the trace of an ASGI app on uvicorn, or of a WSGI app behind an adapter."""
    interface = "wsgi" if adapter else "asgi"
    served = Served(
        target="main:app",
        interface=interface,
        signature="app(environ, start_response)" if adapter else "await app(scope, receive, send)",
        mode="asgi",
        server="uvicorn",
        version="0.1",
        model="one process",
        adapter=adapter,
        python="3.11.0",
        gateways="0.1.0",
    )
    batches = [ASGI, WSGI] if adapter else [ASGI]
    connection = of_connection(PIECES)
    assert connection is not None
    steps = of_batches(batches, interface if adapter else None, connection.began, lifespans_of(batches))
    log = (Line(0.05, "said\tthis \x1b[31m"),) if adapter else ()
    return Trace(served, "GET /a HTTP/1.1", connection, all_steps(connection, steps), log, problem)
