"""Exercise 2: how long does a response take? Write a middleware that times it, for WSGI
and for ASGI.

What you see: each middleware prints several durations. Only one is the duration of the
response. If a WSGI app returns a generator, it has not done any work yet. So a middleware
must stop the clock in close(), when the response ends. In ASGI, the response ends with
the last `http.response.body`. The call may return later, if the app continues to work.

    $ waitress-serve demos.exercises.timing:wsgi_app
    $ uvicorn demos.exercises.timing:asgi_app
    $ curl localhost:8000       # waitress: localhost:8080
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment


class Stopwatch:
    """Prints events to stderr, each with the milliseconds since the start."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def say(self, what: str) -> None:
        seconds = time.perf_counter() - self._began
        print(f"{what}: {seconds * 1000:.1f} ms", file=sys.stderr, flush=True)


class Closing:
    """An iterable that reports when the server has finished. The server always calls
    close().
    """

    def __init__(self, blocks: Iterable[bytes], on_close: Callable[[], None]) -> None:
        self._blocks, self._on_close = blocks, on_close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        try:
            getattr(self._blocks, "close", lambda: None)()
        finally:
            self._on_close()


def timed_wsgi(app: Any) -> Any:
    def middleware(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        watch = Stopwatch()
        blocks = app(environ, start_response)
        watch.say("WSGI call returned")
        return Closing(blocks, lambda: watch.say("WSGI response ended"))

    return middleware


def timed_asgi(app: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        watch = Stopwatch()

        async def timed_send(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                watch.say("ASGI head sent")
            elif not message.get("more_body", False):
                watch.say("ASGI response ended")

        try:
            await app(scope, receive, timed_send)
        finally:
            watch.say("ASGI call returned")

    return middleware


@timed_wsgi
def wsgi_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(3):
        time.sleep(0.1)
        yield f"block {number}\n".encode()


@timed_asgi
async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain")],
        }
    )
    for number in range(3):
        await asyncio.sleep(0.1)
        await send(
            {
                "type": "http.response.body",
                "body": f"block {number}\n".encode(),
                "more_body": number < 2,
            }
        )
    await asyncio.sleep(0.2)  # e.g. sends a mail
