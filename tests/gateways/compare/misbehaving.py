"""ASGI apps that respond to hello like the reference app, with one difference each."""

import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

numbers = count()


async def answer(send: Send, body: bytes = b"Hello, world!\n", status: int = 200) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def behaves(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send)


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def works(_scope: Scope, _receive: Receive, send: Send) -> None:
    burn(0.0003)
    await answer(send)


async def works_a_fifth_longer(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Needs a fifth more CPU time per request than `works`, including the server's."""
    burn(0.000365)
    await answer(send)


works_too = works


async def loses_one_percent(_scope: Scope, _receive: Receive, send: Send) -> None:
    if next(numbers) % 100 == 99:
        raise RuntimeError("the database is locked")  # the server responds with 500
    await answer(send)


async def dies_after_forty(_scope: Scope, _receive: Receive, send: Send) -> None:
    if next(numbers) >= 40:
        os._exit(3)
    await answer(send)


async def dies_in_the_second_scenario(scope: Scope, _receive: Receive, send: Send) -> None:
    """Exits under the load of the scenario `json`. The scenario begins with a few requests that check the response."""
    if scope["path"] == "/json" and next(numbers) >= 20:
        os._exit(3)
    await answer(send)


async def says_something_else(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"Hallo, world!\n")


async def says_something_else_of_b(scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"Hallo, world!\n" if scope["path"] == "/b" else b"Hello, world!\n")


async def says_a_random_order(scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds in six orders. The first two responses are equal, as by chance. Each process starts with a different
    order.
    """
    await answer(send, b" ".join(next(ORDERS[scope["path"]])))


def _orders() -> Iterator[Sequence[bytes]]:
    six = list(itertools.permutations((b"tea", b"milk", b"salt")))
    first = os.getpid() % len(six)
    return itertools.cycle((six[first], *six[first:], *six[:first]))


ORDERS: defaultdict[str, Iterator[Sequence[bytes]]] = defaultdict(_orders)


async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"no database", 500)


async def says_its_host(scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"<a href='http://%s/'>home</a>" % dict(scope["headers"])[b"host"])


async def says_the_time(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"%d" % time.monotonic_ns())


async def says_how_long_ago(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds with a page that is the same for two seconds. Then the page differs in one of eight places, like a list
    of events that happened "2 minutes ago". The classes of its list are in the order of a set.
    """
    age = time.monotonic_ns() // 2_000_000_000
    classes = " ".join({"wide", "blue", "new", "open", "round", "first"})
    rows = [f"<li>event {place}: {age if place == age % 8 else 0} minutes ago</li>" for place in range(8)]
    await answer(send, "\n".join([f"<ul class='{classes}'>", *rows]).encode())


before = ["/"]


async def says_the_path_before(scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds with the path of the previous request, like an app whose random numbers depend on another request's
    seed.
    """
    said, before[0] = before[0], scope["path"]
    await answer(send, said.encode())


async def says_the_shared_state(scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds to GET with the path of the last POST to any process, like a site whose processes share a database."""
    if scope["method"] == "POST":
        _set_state(scope["path"])
        await answer(send, b"saved")
    else:
        state = _state_file().read_text()
        await answer(send, f"<title>Page</title>\n<p class='{state}'>{state}</p>\n<p>end</p>\n".encode())


def _state_file() -> Path:
    return Path(os.environ["SHARED_STATE"])


def _set_state(state: str) -> None:
    new = _state_file().with_suffix(f".{os.getpid()}")
    new.write_text(state)
    new.replace(_state_file())


async def says_a_value_of_its_process(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds with a value that is constant in a process, like the first of a set of classes.

    Unless memory addresses vary, all processes of uvicorn have one value, and all processes of waitress another value.
    """
    first = "model" if {"waitress", "gateways.serving.addresses"} & sys.modules.keys() else "page"
    await answer(send, f"<title>Log</title>\n<p>22 {first} entries</p>\n<p>end</p>\n".encode())
