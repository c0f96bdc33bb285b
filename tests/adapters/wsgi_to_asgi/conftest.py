"""Fixtures of the contract suite: every test runs on each kind of loop, and must leave no threads or tasks behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.wsgi_to_asgi.contenders import contender, is_ours
from tests.adapters.wsgi_to_asgi.loops import KINDS, Loop, open_loop
from tests.adapters.wsgi_to_asgi.serving import Serve, poll, threads_inside_apps


@pytest.fixture(params=KINDS if is_ours() else ["asyncio"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of loop."""
    return str(request.param)


@pytest.fixture
def loop(kind: str) -> Iterator[Loop]:
    """A running loop. The test fails if the loop reports errors, or if tasks remain."""
    loop = open_loop(kind)
    yield loop
    try:
        left = loop.call(loop.tasks)
    finally:
        loop.close()
    if is_ours():
        assert not loop.complaints
        assert not left, f"{left} tasks are left on the loop"


@pytest.fixture
def serve(loop: Loop) -> Iterator[Serve]:
    """A server. The test fails if threads are still inside an app after its requests have ended.

    Threads that an earlier test has left inside an app do not count.
    """
    earlier = threads_inside_apps()

    def left() -> list[str]:
        return [stack for thread, stack in threads_inside_apps().items() if thread not in earlier]

    serve = Serve(loop, contender())
    yield serve
    try:
        serve.close()
        if is_ours():
            poll(lambda: not left(), "threads to leave the apps: " + "\n".join(left()))
    finally:
        serve.close_adapters()
