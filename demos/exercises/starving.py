"""Exercise 3: block the event loop, and watch the others starve. Then fix it with a
thread.

What you see: while one request sleeps in the loop's own thread for half a second, another
that has nothing to do waits for half a second, too; in a thread it does not matter to
anybody. `time.sleep` stands for whatever does not await: a driver that is not async, a
large file, a computation. (A computation in a thread still shares the interpreter: give
it a process.)

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
    """Ask for `path`, and meanwhile for / again and again; the longest that / took."""
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
