"""Channels that several threads of one application use at the same time: no thread waits forever."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from gateways.adapters.concurrency.channels import HIGH_WATER
from gateways.adapters.concurrency.inbox import Inbox
from gateways.adapters.concurrency.loops import MAX_IN_A_ROW, running_loop
from gateways.adapters.concurrency.outbox import Outbox
from gateways.adapters.concurrency.thread_pool import Workers
from gateways.adapters.errors import ClientDisconnected
from tests.adapters.wsgi_to_asgi.conftest import kind, loop  # noqa: F401 - fixtures
from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Loop
from tests.adapters.wsgi_to_asgi.serving import poll

WRITERS = 4


@pytest.fixture
def workers() -> Workers:
    return Workers(1, "unused")


def start(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_all_threads_that_wait_for_room_continue(loop: Loop, workers: Workers) -> None:  # noqa: F811
    """Safety: threads that the application started may call write() of PEP 3333."""
    outbox = loop.call(lambda: Outbox(running_loop(), workers))
    threads = [start(lambda: outbox.put("block", HIGH_WATER)) for _ in range(WRITERS)]
    poll(lambda: len(outbox._gates) == WRITERS, "all threads to wait")
    got: list[object] = []

    async def take() -> None:
        got.extend((await outbox.get())[0])

    assert loop.start(take).ended.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    assert [thread.is_alive() for thread in threads] == [False] * WRITERS
    assert got == ["block"] * WRITERS


def test_a_coroutine_does_not_wait_for_a_thread_that_has_run(loop: Loop, workers: Workers) -> None:  # noqa: F811
    """The thread of a request that is alone may run before the loop continues: then nothing wakes the loop."""
    outbox = loop.call(lambda: Outbox(running_loop(), workers))
    outbox.end(["item"])
    assert loop.call(outbox.expect_more) is None
    assert outbox.take() == (["item"], True)


def test_a_coroutine_waits_for_a_thread_that_has_not_run(loop: Loop, workers: Workers) -> None:  # noqa: F811
    outbox = loop.call(lambda: Outbox(running_loop(), workers))
    got: list[object] = []
    waits = threading.Event()

    async def take() -> None:
        waiter = outbox.expect_more()
        assert waiter is not None
        waits.set()
        await waiter
        got.extend(outbox.take() or ())

    task = loop.start(take)
    assert waits.wait(PATIENCE)
    outbox.end(["item"])
    assert task.ended.wait(PATIENCE)
    assert got == [["item"], True]


def test_all_threads_that_wait_are_notified_of_a_disconnect(loop: Loop, workers: Workers) -> None:  # noqa: F811
    """Safety: the same for threads that read the same body."""
    inbox = loop.call(lambda: Inbox(running_loop(), workers, None, int))
    outcomes: list[type[BaseException]] = []

    def read() -> None:
        try:
            inbox.get()
        except ClientDisconnected as error:
            outcomes.append(type(error))

    threads = [start(read) for _ in range(WRITERS)]
    poll(lambda: len(inbox._gates) == WRITERS, "all threads to wait")
    inbox.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert outcomes == [ClientDisconnected] * WRITERS


def test_a_thread_that_is_always_faster_leaves_the_loop_time_for_other_calls(loop: Loop, workers: Workers) -> None:  # noqa: F811
    """Safety: if a server's send() does not wait, the coroutine would never wait for a fast application."""
    outbox = loop.call(lambda: Outbox(running_loop(), workers))
    calls = 10 * MAX_IN_A_ROW
    others: list[int] = []
    during: list[int] = []

    async def take() -> None:
        for number in range(calls):
            outbox.put("block", 1)
            assert (await outbox.get())[0] == ["block"]
            loop.soon(others.append, number)
        during.append(len(others))

    assert loop.start(take).ended.wait(PATIENCE)
    assert during[0] > calls // 2
