"""Exercise 5: compare a sync app with an async app. Both wait 50 ms for each request.
Which one is faster?

What you see: one request takes the same time with both. Now send 40 requests at the same
time. The sync app with 4 threads needs ten rounds of 50 ms. The async app needs one
round. The sync app with 40 threads also needs one round, with or without an adapter. So
the only difference is that each wait holds a thread of the sync app. If you replace the
wait with a computation of 50 ms, both apps are equally fast.

    $ python -m demos.exercises.fifty_ms
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from demos.exercises.local import get, uvicorn_serving, waitress_serving
from gateways.adapters import WSGIToASGI

REQUESTS = 40
WAIT = 0.05


def sync_app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    time.sleep(WAIT)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


async def async_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await asyncio.sleep(WAIT)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain")],
        }
    )
    await send({"type": "http.response.body", "body": b"done"})


def show(name: str, port: int) -> None:
    """Send one request to warm up, then many concurrent ones, and print their total
    time.
    """
    with ThreadPoolExecutor(REQUESTS) as clients:
        assert get(port) == "done"
        began = time.perf_counter()
        assert list(clients.map(get, [port] * REQUESTS)) == ["done"] * REQUESTS
        print(f"{name:38} {REQUESTS} requests in {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    with waitress_serving(sync_app, threads=4) as port:
        show("sync, waitress, 4 threads", port)
    with uvicorn_serving(async_app) as port:
        show("async, uvicorn", port)
    with uvicorn_serving(WSGIToASGI(sync_app, threads=REQUESTS)) as port:
        show(f"sync, uvicorn, WSGIToASGI, {REQUESTS} threads", port)
