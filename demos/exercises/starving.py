"""Exercise 3: block the event loop, and see how it delays other requests. Then fix it
with a thread.

What you see: if a request sleeps for half a second in the loop's thread, every other
request waits for half a second too. If it sleeps in a worker thread, no other request
waits. Other code without await has the same effect as `time.sleep`, for example a sync
database driver, or code that reads a large file. (Threads share the interpreter, so run a
long computation in a separate process.)

    $ python -m demos.exercises.starving
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from demos.exercises.local import get, uvicorn_serving


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    if scope["path"] == "/blocking":
        time.sleep(0.5)  # noqa: ASYNC251 - the mistake itself
    elif scope["path"] == "/in-a-thread":
        await asyncio.to_thread(time.sleep, 0.5)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


def longest_wait(port: int, path: str) -> float:
    """Request `path`. Meanwhile, request / repeatedly. Return the longest time of a request
    to /, in seconds.
    """
    waits = [0.0]
    with ThreadPoolExecutor() as clients:
        slow = clients.submit(get, port, path)
        while not slow.done():
            began = time.perf_counter()
            get(port)
            waits.append(time.perf_counter() - began)
    return max(waits)


if __name__ == "__main__":
    with uvicorn_serving(app) as port:
        for path in ("/blocking", "/in-a-thread"):
            print(f"during {path} the others waited up to {longest_wait(port, path):.3f} s")
