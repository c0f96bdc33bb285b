#!/usr/bin/env python3
"""The reference app in CGI (1993; RFC 3875, 2004): the server runs this program, once for each request.

Read it beside ../wsgi/app.py and ../asgi/app.py. All three have the same routes. Except for
/inside, /file and /ws, they send the same bytes. This app knows only RFC 3875. It uses no framework, adapter or
server, and imports no other app.
Modules are imported again for each request, so most imports are inside the functions that need them. To run this
program without a server:

    PATH_INFO=/hello QUERY_STRING=name=Ada python app.py
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator

Body = Iterable[bytes]
Query = dict[str, list[str]]

TEXT, JSON, EVENTS = "text/plain; charset=utf-8", "application/json", "text/event-stream"
BLOCK = 64 * 1024  # maximum number of body bytes in memory
METHOD = os.environ.get("REQUEST_METHOD", "GET")


class BadRequest(Exception):
    """The request is invalid. The text is the reason, and the body of the 400 response."""


# Sending: stdout gets the headers as lines, an empty line, then the body; a flush sends the data.


def head(status: str, kind: str, *extra: str) -> None:
    lines = (f"Status: {status}", f"Content-Type: {kind}", *extra, "", "")
    sys.stdout.buffer.write("\r\n".join(lines).encode())


def whole(status: str, kind: str, text: str, *extra: str) -> None:
    """Send a response whose body and length are known in advance."""
    body = text.encode()
    head(status, kind, f"Content-Length: {len(body)}", *extra)
    sys.stdout.buffer.write(b"" if METHOD == "HEAD" else body)
    sys.stdout.buffer.flush()


def streamed(kind: str, blocks: Body, *extra: str) -> None:
    """Send each block before the next block is produced. write() waits if the client is slow."""
    head("200 OK", kind, *extra)
    sys.stdout.buffer.flush()
    try:
        for block in blocks if METHOD != "HEAD" else ():
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
    except BadRequest as error:  # the headers are sent, so the program can only fail, with a message on stderr
        sys.exit(str(error))


def paced(texts: Iterable[str], delay: float) -> Iterator[bytes]:
    """Yield the texts as blocks, with a pause between them.

    If the client disconnects, either the server terminates this process or a write fails.
    """
    for number, text in enumerate(texts):
        if number:
            time.sleep(delay)
        yield text.encode()


# Receiving: the headers are in the environment, the body is stdin.


def query_of() -> Query:
    """Parse a query: `a=1&a=2&b` is {"a": ["1", "2"], "b": [""]}. Bytes that are not UTF-8 become U+FFFD."""
    from urllib.parse import unquote_to_bytes

    query: Query = {}
    for pair in filter(None, os.environb.get(b"QUERY_STRING", b"").split(b"&")):
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


def body_of() -> Iterator[bytes]:
    """Yield the body in blocks. os.read() returns the bytes that have arrived. A program must not read more than
    CONTENT_LENGTH bytes.
    """
    length = os.environ.get("CONTENT_LENGTH")
    if not length and "HTTP_TRANSFER_ENCODING" in os.environ:  # a chunked body, on Apache: stdin ends after it
        yield from iter(lambda: os.read(0, BLOCK), b"")
        return
    left = integer({"Content-Length": [length or "0"]}, "Content-Length", 0, 0, 10**15)
    while left:
        block = os.read(0, min(left, BLOCK))
        if not block:
            raise BadRequest(f"the body ended {left} bytes before its Content-Length")
        left -= len(block)
        yield block


# The routes.


def index() -> None:
    rows = (f"{path + usage:32}{methods:17}{says}\n" for path, (_, methods, usage, says) in ROUTES.items())
    whole("200 OK", TEXT, "".join(rows))


def hello() -> None:
    name = one(query_of(), "name", "") or "world"
    whole("200 OK", TEXT, f"Hello, {name}!\n")


def json() -> None:
    from json import dumps

    whole("200 OK", JSON, dumps({"query": query_of()}) + "\n")


def two_chunks() -> None:
    streamed(TEXT, paced(["the first chunk\n", "the second chunk\n"], 0))


def stream() -> None:
    query = query_of()
    chunks, delay = integer(query, "chunks", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"chunk {number} of {chunks}\n" for number in range(1, chunks + 1))
    streamed(TEXT, paced(texts, delay))


def echo() -> None:
    streamed("application/octet-stream", body_of())


def upload() -> None:
    from hashlib import sha256
    from json import dumps

    digest, length = sha256(), 0
    for block in body_of():
        digest.update(block)
        length += len(block)
    report = {"length": length, "sha256": digest.hexdigest()}
    whole("200 OK", JSON, dumps(report) + "\n")


def content_length() -> None:
    received, read = os.environ.get("CONTENT_LENGTH") or "none", sum(map(len, body_of()))
    text = f"Content-Length received: {received}\nbytes read: {read}\nContent-Length sent: "
    whole("200 OK", TEXT, f"{text}{len(text) + 3}\n")  # 3 more bytes: two digits and a newline


def sleep() -> None:
    pause = seconds(query_of(), "seconds", 1.0, 30)
    time.sleep(pause)  # only this process waits; if the client disconnects, the server may terminate it
    whole("200 OK", TEXT, f"slept {pause:g} s\n")


def cpu() -> None:
    from hashlib import sha256

    rounds, value = integer(query_of(), "rounds", 10_000, 1, 1_000_000), b""  # a million rounds take about 1 s
    for _ in range(rounds):  # other processes can run on other cores
        value = sha256(value).digest()
    whole("200 OK", TEXT, f"{rounds} rounds of SHA-256: {value.hex()}\n")


def events() -> None:
    query = query_of()
    count, delay = integer(query, "count", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    texts = (f"data: event {number} of {count}\n\n" for number in range(1, count + 1))
    streamed(EVENTS, paced(texts, delay))


def inside() -> None:
    from json import dumps

    whole("200 OK", JSON, dumps(dict(os.environ), indent=2) + "\n")


def background() -> None:
    from json import dumps
    from pathlib import Path
    from tempfile import gettempdir

    folder = Path(gettempdir(), f"gateways-cgi-{os.getuid()}")  # a file keeps data after the process has exited
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():  # all users share the temporary folder
        raise PermissionError(f"{folder} belongs to another user")
    finished = folder / "finished"
    if METHOD != "POST":
        jobs = finished.read_text().split()[-100:] if finished.exists() else []
        whole("200 OK", JSON, dumps({"finished": jobs}) + "\n")
        return
    pause, job = seconds(query_of(), "seconds", 1.0, 10), os.urandom(8).hex()
    whole("202 Accepted", JSON, dumps({"job": job}) + "\n")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # closes stdout: the end of the output is the end of the response
    time.sleep(pause)  # the process continues if the server allows it
    with finished.open("a") as jobs_file:
        jobs_file.write(f"{job}\n")


def file() -> None:
    source = os.open(__file__, os.O_RDONLY)
    streamed(TEXT, iter(lambda: os.read(source, BLOCK), b""), f"Content-Length: {os.fstat(source).st_size}")


def ws() -> None:
    why = (
        "A WebSocket sends messages in both directions until one side closes it; a CGI program gets one request and "
        "sends one response.\n"
    )
    whole("501 Not Implemented", TEXT, why)


GET, POST, BOTH = "GET, HEAD", "POST", "GET, HEAD, POST"
ROUTES: dict[str, tuple[Callable[[], None], str, str, str]] = {
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


def app() -> None:
    """Find the route and call it."""
    handler, methods, *_ = ROUTES.get(os.environ.get("PATH_INFO") or "/", (None, ""))
    if handler is None:
        whole("404 Not Found", TEXT, "There is no such route; / lists all routes.\n")
    elif METHOD not in methods.split(", "):
        whole("405 Method Not Allowed", TEXT, f"This route accepts {methods}.\n", f"Allow: {methods}")
    else:
        try:
            handler()
        except BadRequest as error:
            whole("400 Bad Request", TEXT, f"{error}\n")


if __name__ == "__main__":
    try:
        app()
    except BrokenPipeError:  # the client disconnected, and the server closed the pipe
        os._exit(1)
