"""The reference app in WSGI (PEP 3333, 2010): the server calls app(environ, start_response), once for each request.

Read it beside ../cgi/app.py and ../asgi/app.py. All three have the same routes. Except for
/inside, /file and /ws, they send the same bytes. This app knows only PEP 3333. It uses no framework, adapter or
server, and imports no other app.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from json import dumps
from pathlib import Path
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse as Start
from wsgiref.types import WSGIEnvironment as Environ
from wsgiref.util import FileWrapper

Body = Iterable[bytes]
Query = dict[str, list[str]]

TEXT, JSON, EVENTS = "text/plain; charset=utf-8", "application/json", "text/event-stream"
BLOCK = 64 * 1024  # maximum number of body bytes in memory
SOURCE = Path(__file__).resolve()
FINISHED: deque[str] = deque(
    maxlen=100
)  # finished jobs of /background, kept in memory, because the process serves many requests


class BadRequest(Exception):
    """The request is invalid. The text is the reason, and the body of the 400 response."""


# Sending: start_response() gets status and headers; the server reads the returned blocks one by one.


def whole(environ: Environ, start_response: Start, status: str, kind: str, text: str, *extra: tuple[str, str]) -> Body:
    """Send a response whose body and length are known in advance."""
    body = text.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *extra])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def streamed(environ: Environ, start_response: Start, kind: str, blocks: Body) -> Body:
    """Send each block before the next block is produced. PEP 3333 forbids servers to delay a block."""
    start_response("200 OK", [("Content-Type", kind)])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else blocks


def paced(texts: Iterable[str], delay: float) -> Iterator[bytes]:
    """Yield the texts as blocks, with pauses. On a disconnect the server calls close(), which raises at the yield."""
    for number, text in enumerate(texts):
        if number:
            time.sleep(delay)
        yield text.encode()


# Receiving: the environ is a dict of str, in which each character is a byte (latin-1); the body is a file.


def query_of(environ: Environ) -> Query:
    """Parse a query: `a=1&a=2&b` is {"a": ["1", "2"], "b": [""]}. Bytes that are not UTF-8 become U+FFFD."""
    query: Query = {}
    for pair in filter(None, environ.get("QUERY_STRING", "").encode("latin-1").split(b"&")):
        parts = pair.replace(b"+", b" ").partition(b"=")
        name, _, value = (unquote_to_bytes(part).decode(errors="replace") for part in parts)
        query.setdefault(name, []).append(value)
    return query


def one(query: Query, name: str, default: str, want: str = "a single value") -> str:
    values = query.get(name, [default])
    if len(values) == 1:
        return values[0]
    raise BadRequest(f"{name}: got {' and '.join(map(repr, values))}; expected {want}")


def integer(query: Query, name: str, default: int, low: int, high: int) -> int:
    want = f"one whole number from {low} to {high}, such as {name}={default}"
    text = one(query, name, str(default), want)
    if text.isascii() and text.isdecimal() and len(text) <= 16 and low <= int(text) <= high:
        return int(text)
    raise BadRequest(f"{name}: got {text!r}; expected {want}")


def seconds(query: Query, name: str, default: float, high: int) -> float:
    want = f"one number of seconds from 0 to {high}, such as {name}={default}"
    text = one(query, name, str(default), want)
    if text.isascii() and text.replace(".", "", 1).isdecimal() and float(text) <= high:
        return float(text)
    raise BadRequest(f"{name}: got {text!r}; expected {want}")


def body_of(environ: Environ) -> Iterator[bytes]:
    """Yield the body in blocks. read(n) waits for n bytes. An app must not read beyond CONTENT_LENGTH."""
    length, read = environ.get("CONTENT_LENGTH"), environ["wsgi.input"].read
    if not length and environ.get("wsgi.input_terminated"):  # chunked or HTTP/2: the server ends the file
        yield from iter(lambda: read(BLOCK), b"")
        return
    left = integer({"Content-Length": [length or "0"]}, "Content-Length", 0, 0, 10**15)
    while left:
        block = read(min(left, BLOCK))
        if not block:
            raise BadRequest(f"the body ended {left} bytes before its Content-Length")
        left -= len(block)
        yield block


# The routes.


def index(environ: Environ, start_response: Start) -> Body:
    rows = (f"{path + usage:32}{methods:17}{says}\n" for path, (_, methods, usage, says) in ROUTES.items())
    return whole(environ, start_response, "200 OK", TEXT, "".join(rows))


def hello(environ: Environ, start_response: Start) -> Body:
    name = one(query_of(environ), "name", "") or "world"
    return whole(environ, start_response, "200 OK", TEXT, f"Hello, {name}!\n")


def json(environ: Environ, start_response: Start) -> Body:
    return whole(environ, start_response, "200 OK", JSON, dumps({"query": query_of(environ)}) + "\n")


def two_chunks(environ: Environ, start_response: Start) -> Body:
    return streamed(environ, start_response, TEXT, paced(["the first chunk\n", "the second chunk\n"], 0))


def stream(environ: Environ, start_response: Start) -> Body:
    query = query_of(environ)
    chunks, delay = integer(query, "chunks", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"chunk {number} of {chunks}\n" for number in range(1, chunks + 1))
    return streamed(environ, start_response, TEXT, paced(texts, delay))


def echo(environ: Environ, start_response: Start) -> Body:
    return streamed(environ, start_response, "application/octet-stream", body_of(environ))


def upload(environ: Environ, start_response: Start) -> Body:
    digest, length = sha256(), 0
    for block in body_of(environ):
        digest.update(block)
        length += len(block)
    report = {"length": length, "sha256": digest.hexdigest()}
    return whole(environ, start_response, "200 OK", JSON, dumps(report) + "\n")


def content_length(environ: Environ, start_response: Start) -> Body:
    received, read = environ.get("CONTENT_LENGTH") or "none", sum(map(len, body_of(environ)))
    text = f"Content-Length received: {received}\nbytes read: {read}\nContent-Length sent: "
    # The length has two digits, and a newline follows it.
    return whole(environ, start_response, "200 OK", TEXT, f"{text}{len(text) + 3}\n")


def sleep(environ: Environ, start_response: Start) -> Body:
    pause = seconds(query_of(environ), "seconds", 1.0, 30)
    time.sleep(pause)  # blocks this thread, which cannot detect a disconnect
    return whole(environ, start_response, "200 OK", TEXT, f"slept {pause:g} s\n")


def cpu(environ: Environ, start_response: Start) -> Body:
    rounds, value = integer(query_of(environ), "rounds", 10_000, 1, 1_000_000), b""  # a million rounds take about 1 s
    for _ in range(rounds):  # other threads must wait for the GIL
        value = sha256(value).digest()
    return whole(environ, start_response, "200 OK", TEXT, f"{rounds} rounds of SHA-256: {value.hex()}\n")


def events(environ: Environ, start_response: Start) -> Body:
    query = query_of(environ)
    count, delay = integer(query, "count", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"data: event {number} of {count}\n\n" for number in range(1, count + 1))
    return streamed(environ, start_response, EVENTS, paced(texts, delay))


def inside(environ: Environ, start_response: Start) -> Body:
    given = {name: value if isinstance(value, str | bool) else repr(value) for name, value in environ.items()}
    return whole(environ, start_response, "200 OK", JSON, dumps(given, indent=2) + "\n")


def background(environ: Environ, start_response: Start) -> Body:
    if environ["REQUEST_METHOD"] != "POST":
        return whole(environ, start_response, "200 OK", JSON, dumps({"finished": list(FINISHED)}) + "\n")
    pause, job = seconds(query_of(environ), "seconds", 1.0, 10), os.urandom(8).hex()

    def work() -> None:
        time.sleep(pause)  # the client has its response, but the thread is still busy
        FINISHED.append(job)

    return Working(whole(environ, start_response, "202 Accepted", JSON, dumps({"job": job}) + "\n"), work)


class Working:
    """A body whose close() does more work. The server calls close() last, and PEP 3333 has no other hook."""

    def __init__(self, body: Body, work: Callable[[], None]) -> None:
        self.body, self.close = body, work

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)


def file(environ: Environ, start_response: Start) -> Body:
    start_response("200 OK", [("Content-Type", TEXT), ("Content-Length", str(SOURCE.stat().st_size))])
    if environ["REQUEST_METHOD"] == "HEAD":
        return []
    wrapper: type[FileWrapper] = environ.get("wsgi.file_wrapper", FileWrapper)  # a server may use sendfile(2)
    return wrapper(SOURCE.open("rb"), BLOCK)  # the wrapper closes the file


def ws(environ: Environ, start_response: Start) -> Body:
    why = (
        "A WebSocket sends messages in both directions until one side closes it; a WSGI app gets one request and "
        "returns one response. An ASGI app behind ASGIToWSGI can serve WebSockets: the adapter takes over the "
        "server's socket.\n"
    )
    return whole(environ, start_response, "501 Not Implemented", TEXT, why)


GET, POST, BOTH = "GET, HEAD", "POST", "GET, HEAD, POST"
ROUTES: dict[str, tuple[Callable[[Environ, Start], Body], str, str, str]] = {
    "/": (index, GET, "", "this list"),
    "/hello": (hello, GET, "?name=", "a greeting, with a query parameter"),
    "/json": (json, GET, "?any=thing", "the query, as JSON"),
    "/two-chunks": (two_chunks, GET, "", "a response in two blocks"),
    "/stream": (stream, GET, "?chunks=&delay=", "a response sent block by block"),
    "/echo": (echo, POST, "", "the body, sent back as it arrives"),
    "/upload": (upload, POST, "", "the body's length and SHA-256"),
    "/content-length": (content_length, BOTH, "", "the Content-Length of request and response"),
    "/sleep": (sleep, GET, "?seconds=", "a wait"),
    "/cpu": (cpu, GET, "?rounds=", "work: rounds of SHA-256"),
    "/events": (events, GET, "?count=&delay=", "server-sent events"),
    "/inside": (inside, GET, "", "the input of the app, as JSON"),
    "/background": (background, BOTH, "?seconds=", "POST: respond now, work later; GET: finished jobs"),
    "/file": (file, GET, "", "the source of this app"),
    "/ws": (ws, GET, "", "a WebSocket that echoes"),
}


def app(environ: Environ, start_response: Start) -> Body:
    """Find the route and call it."""
    handler, methods, *_ = ROUTES.get(environ.get("PATH_INFO") or "/", (None, ""))
    if handler is None:
        return whole(environ, start_response, "404 Not Found", TEXT, "There is no such route; / lists all routes.\n")
    if environ["REQUEST_METHOD"] not in methods.split(", "):
        allow = ("Allow", methods)
        return whole(environ, start_response, "405 Method Not Allowed", TEXT, f"This route accepts {methods}.\n", allow)
    try:
        return handler(environ, start_response)
    except BadRequest as error:
        return whole(environ, start_response, "400 Bad Request", TEXT, f"{error}\n")
