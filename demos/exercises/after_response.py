"""Exercise 7: respond first, and work after the response, in CGI, WSGI and ASGI. Which
other requests does the work delay?

What you see: in all three, the client gets its response half a second before the work is
done. In CGI, the response ends when the program closes its output. Then the program works
in its own process, and blocks no other request. (Under mod_cgi, the program must close
stderr too.) In WSGI, only close() runs after the response. It holds one of the server's
threads. In ASGI, the app continues on the loop after its last event. In all three, the
work is lost if the process ends. Use a queue for work that must not be lost.

    $ python -m demos.exercises.after_response
"""

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from demos.exercises.local import get, uvicorn_serving, waitress_serving
from gateways.adapters import CGIToASGI

PROGRAM = Path(__file__).with_suffix(".cgi")


class Answer:
    """A WSGI response that does its work in close()."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"accepted"])

    def close(self) -> None:
        time.sleep(0.5)
        Path(os.environ["DONE"]).touch()


def wsgi_app(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    # With a Content-Length, the client knows that the body is complete. Without it, the
    # client waits for the end, which comes after close().
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8")])
    return Answer()


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
    await send({"type": "http.response.body", "body": b"accepted"})
    await asyncio.sleep(0.5)
    Path(os.environ["DONE"]).touch()  # noqa: ASYNC240 - it takes microseconds


def show(name: str, port: int) -> None:
    """Send a request, and print when the response was complete and when the work was
    done.
    """
    done, began = Path(os.environ["DONE"]), time.perf_counter()
    assert get(port) == "accepted"
    answered = time.perf_counter() - began
    while not done.exists():
        time.sleep(0.01)
    worked = time.perf_counter() - began
    print(f"{name}: answered after {answered:.2f} s, work done after {worked:.2f} s")
    done.unlink()


if __name__ == "__main__":
    logging.getLogger("gateways.cgi").setLevel(logging.ERROR)  # it warns if run as root
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DONE"] = f"{scratch}/done"
        with uvicorn_serving(CGIToASGI(PROGRAM, inherit=["DONE"])) as port:
            show("CGI", port)
        with waitress_serving(wsgi_app) as port:
            show("WSGI", port)
        with uvicorn_serving(asgi_app) as port:
            show("ASGI", port)
