"""Exercise 4: stream a response, and count the chunks that arrive.

What you see: a body of unknown length is sent in chunks (RFC 9112, 7.1). The server sends
a chunk for each block of the app, immediately. With a Content-Length there are no chunks,
but the blocks still arrive one by one. So a stream does not need chunks; they only mark
the end of the body. If an app behind an adapter sends blocks too fast, one chunk may
contain several blocks. So do not rely on the boundaries of chunks.

    $ python -m demos.exercises.chunks
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from demos.exercises.local import HOST, uvicorn_serving, waitress_serving
from gateways.adapters import WSGIToASGI

BLOCKS = [f"block {number}\n".encode() for number in range(5)]


def wsgi_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    headers = [("Content-Type", "text/plain")]
    if environ["PATH_INFO"] == "/length":
        headers.append(("Content-Length", str(sum(map(len, BLOCKS)))))
    start_response("200 OK", headers)
    for block in BLOCKS:
        yield block
        time.sleep(0.1)


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for block in BLOCKS:
        await send({"type": "http.response.body", "body": block, "more_body": True})
        await asyncio.sleep(0.1)
    await send({"type": "http.response.body"})


def arrivals(port: int, path: str = "/") -> tuple[int, list[float]]:
    """Send one request over a socket; return the number of chunks, and the time of each
    block.
    """
    began, chunks, times = time.perf_counter(), 0, list[float]()
    with (
        socket.create_connection((HOST, port), timeout=30) as connection,
        connection.makefile("rb") as stream,
    ):
        head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        lines = [line.lower().split() for line in iter(stream.readline, b"\r\n")]
        chunked = [b"transfer-encoding:", b"chunked"] in lines
        while len(times) < len(BLOCKS):
            if chunked:
                int(stream.readline(), 16)
                chunks += 1
            assert stream.readline() == BLOCKS[len(times)]
            times.append(time.perf_counter() - began)
            if chunked:
                stream.readline()
    return chunks, times


def show(name: str, port: int, path: str = "/") -> None:
    chunks, times = arrivals(port, path)
    seconds = " ".join(f"{each:.1f}" for each in times)
    print(f"{name:40} {chunks} chunks, blocks at {seconds} s")


if __name__ == "__main__":
    with waitress_serving(wsgi_app) as port:
        show("WSGI on waitress", port)
        show("WSGI on waitress, with a Content-Length", port, "/length")
    with uvicorn_serving(asgi_app) as port:
        show("ASGI on uvicorn", port)
    with uvicorn_serving(WSGIToASGI(wsgi_app)) as port:
        show("WSGI on uvicorn, by WSGIToASGI", port)
