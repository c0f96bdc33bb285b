"""The loop thread: which calls in its mailbox run, in which order, and which do not run after its end."""

from __future__ import annotations

import asyncio
import operator
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import uvloop

from gateways.adapters.concurrency.loop_thread import LoopFactory, LoopThread, acquire, release
from gateways.adapters.concurrency.loops import LoopClosed
from tests.adapters.asgi_to_wsgi.patience import eventually


class _WithoutReaders(asyncio.SelectorEventLoop):
    """A loop that cannot watch descriptors, like a proactor's."""

    def add_reader(self, fd: object, callback: object, *args: object) -> None:
        raise NotImplementedError


@pytest.fixture(params=[None, uvloop.new_event_loop, _WithoutReaders], ids=["asyncio", "uvloop", "no readers"])
def thread(request: pytest.FixtureRequest) -> Iterator[LoopThread]:
    thread = LoopThread(request.param)
    yield thread
    thread.stop()


def test_calls_of_one_thread_run_in_the_order_in_which_it_posted_them(thread: LoopThread) -> None:
    ran: list[int] = []
    over = threading.Event()
    for number in range(1000):
        thread.loop.post(partial(ran.append, number))
    thread.loop.post(over.set)
    assert over.wait(10)
    assert ran == list(range(1000))


def test_no_call_is_lost_if_several_threads_post_at_the_same_time(thread: LoopThread) -> None:
    ran: list[int] = []

    def post() -> None:
        for _ in range(2000):
            thread.loop.post(partial(ran.append, 1))

    posters = [threading.Thread(target=post) for _ in range(8)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    over = threading.Event()
    thread.loop.post(over.set)
    assert over.wait(10)
    assert len(ran) == 16000


def test_a_call_runs_while_its_loop_is_the_running_loop(thread: LoopThread) -> None:
    found: list[bool] = []
    over = threading.Event()
    thread.loop.post(lambda: found.append(thread.inside()))
    thread.loop.post(over.set)
    assert over.wait(10)
    assert found == [True]
    assert not thread.inside()


def test_a_call_posted_after_the_end_is_refused(thread: LoopThread) -> None:
    thread.stop()
    with pytest.raises(LoopClosed):
        thread.loop.post(int)


def test_the_loop_is_not_alive_when_its_end_is_reported(thread: LoopThread) -> None:
    """Otherwise a response that ends with it blames the client."""
    found: list[bool] = []
    thread.at_end.add(lambda: found.append(thread.alive()))
    assert thread.alive()
    thread.stop()
    assert found == [False]


def _held() -> tuple[int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted where /proc shows them")
@pytest.mark.parametrize("factory", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_loop_leaves_no_descriptor_and_no_thread_behind(factory: LoopFactory | None) -> None:
    LoopThread(factory).stop()  # open shared descriptors first
    before = _held()
    for _ in range(5):
        LoopThread(factory).stop()
    eventually("all descriptors and threads to be gone", lambda: all(map(operator.le, _held(), before)))


def test_users_of_the_same_factory_share_a_loop_until_the_last_release() -> None:
    first, second = acquire(None), acquire(None)
    assert first is second
    release(None, first)
    over = threading.Event()
    second.loop.post(over.set)
    assert over.wait(10)
    release(None, second)
    with pytest.raises(LoopClosed):
        second.loop.post(int)
