"""Finished requests leave nothing behind, even without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .apps import Receive, Scope, Send, Watched, body, echo, endless, hello, http_only, live_tasks, start, stream
from .conftest import Bridge, LoopFactory
from .contenders import contender
from .harness import fetch, threads
from .patience import eventually
from .request import Environ, environ


def test_the_number_of_threads_and_tasks_is_the_same_after_a_thousand_requests(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """Safety: for requests that are complete, streamed, refused, failed and disconnected."""

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        await {"/whole": hello, "/stream": stream, "/leaves": endless, "/fails": breaks}[scope["path"]](
            scope, receive, send
        )

    watched = Watched(by_path)
    app = bridge(watched, loop_factory)
    fetch(app, environ(path="/whole"))
    tasks, before = len(live_tasks(watched.loop)), len(threads())
    for number in range(1000):
        path = ("/whole", "/stream", "/leaves", "/fails")[number % 4]
        blocks: Any = None
        try:
            blocks = app(environ(path=path), lambda *_: None)
            next(iter(blocks))
        except ValueError:
            assert path == "/fails"
        finally:
            getattr(blocks, "close", lambda: None)()
    eventually("the tasks to end", lambda: len(live_tasks(watched.loop)) <= tasks and watched.running == 0)
    eventually(
        "all threads to end", lambda: len(threads()) <= before
    )  # fewer threads if those of an earlier test were still ending


def test_an_adapter_without_references_lives_as_long_as_its_responses(loop_factory: LoopFactory) -> None:
    """Safety: an adapter without references, e.g. after a reload, must not cut off its running responses."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(4):
            await send(body(b"block, ", True))
            await asyncio.sleep(0.4)  # together longer than the grace period after a disconnect
        await send(body(b"end"))

    blocks = contender().make(http_only(slow), loop_factory)(environ(), lambda *_: None)
    gc.collect()
    assert b"".join(blocks) == b"block, block, block, block, end"


class Mark:
    """An object in an environ whose lifetime a test can observe."""


def leave(app: Any, given: Environ) -> None:
    """Read one block and close."""
    blocks = app(given, lambda *_: None)
    next(iter(blocks))
    blocks.close()


def run(app: Any, given: Environ) -> None:
    """Make the complete request."""
    blocks = app(given, lambda *_: None)
    b"".join(blocks)
    getattr(blocks, "close", lambda: None)()


def fail(app: Any, given: Environ) -> None:
    """Make a request that raises."""
    try:
        run(app, given)
    except ValueError:
        return
    raise AssertionError("it did not raise")


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    """Raises an error without other references."""
    raise ValueError("boom")


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Disable the garbage collector. Drop log records too, because pytest keeps them with their tracebacks."""
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    ("app", "request_"),
    [(hello, run), (echo, run), (stream, run), (endless, leave), (breaks, fail)],
    ids=["whole", "with a body", "stream", "client left", "failed"],
)
def test_nothing_of_a_finished_request_stays_referenced(
    bridge: Bridge, loop_factory: LoopFactory, app: Any, request_: Callable[[Any, Environ], None]
) -> None:
    """Safety: a body of 100 MB must be freed with its request, not by the next full garbage collection."""
    adapter = bridge(app, loop_factory)
    request_(adapter, environ("POST", body=b"12345"))  # create shared objects first
    mark = Mark()
    ended = weakref.ref(mark)
    request_(adapter, environ("POST", body=b"12345") | {"mark": mark})
    del mark
    eventually("the environ to be let go", lambda: ended() is None)
