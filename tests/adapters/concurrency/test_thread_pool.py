"""Workers: the number of threads, for every kind of wait."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable

import pytest

from gateways.adapters.concurrency import thread_pool
from gateways.adapters.concurrency.thread_pool import Workers
from tests.adapters.wsgi_to_asgi.loops import PATIENCE
from tests.adapters.wsgi_to_asgi.serving import poll

LIMIT, SLOW = 2, 10


def alive(name: str) -> int:
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


def test_stand_in_threads_end_even_if_jobs_are_queued() -> None:
    """Ours: the limit applies again after the slow clients have disconnected, even under constant load."""
    workers = Workers(LIMIT, "stand-in")
    clients_are_back, go = threading.Event(), threading.Event()
    done: list[object] = []

    def waits_for_a_client(_: object) -> None:
        workers.leave()
        clients_are_back.wait(PATIENCE)
        workers.come_back()

    def works(job: object) -> None:
        go.wait(PATIENCE)
        done.append(job)

    try:
        for _ in range(SLOW):
            workers.submit(waits_for_a_client, None)
        poll(lambda: alive("stand-in") >= SLOW, "each slow client to have a thread")
        for job in range(50):
            workers.submit(works, job)
        clients_are_back.set()
        poll(lambda: alive("stand-in") == LIMIT, "the bound to hold again")
        assert workers.busy == LIMIT
        go.set()
        poll(lambda: len(done) == 50, "all jobs to be done")
    finally:
        go.set()
        workers.close()


def waits(go: threading.Event) -> None:
    go.wait(PATIENCE)


class Cyclic:
    """Part of a cycle, like a database connection of Django."""

    def __init__(self) -> None:
        self.itself = self


def test_the_thread_locals_of_ended_threads_are_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Safety: a connection that outlives its thread wastes a connection of the database."""
    monkeypatch.setattr(thread_pool, "STAND_IN_SECONDS", 0.05)
    workers, local, clients_are_back = Workers(LIMIT, "local"), threading.local(), threading.Event()
    connections: weakref.WeakSet[Cyclic] = weakref.WeakSet()

    def waits_for_a_client(_: object) -> None:
        local.connection = Cyclic()
        connections.add(local.connection)
        workers.leave()
        clients_are_back.wait(PATIENCE)
        workers.come_back()

    try:
        for _ in range(SLOW):
            workers.submit(waits_for_a_client, None)
        poll(lambda: len(connections) == SLOW, "each thread to have a connection")
        clients_are_back.set()
        poll(lambda: alive("local") == LIMIT, "the stand-ins to end")
        poll(lambda: len(connections) <= LIMIT, "their connections to go, too")
    finally:
        clients_are_back.set()
        workers.close()


def test_threads_within_the_limit_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours: bursts with pauses between them reuse the same threads and their connections."""
    monkeypatch.setattr(thread_pool, "STAND_IN_SECONDS", 0.01)
    monkeypatch.setattr(thread_pool, "IDLE_SECONDS", 0.01)
    workers, seen = Workers(4, "staying"), set[int]()
    together = threading.Barrier(4)

    def job(_: object) -> None:
        together.wait(PATIENCE)
        seen.add(threading.get_ident())

    for _ in range(3):
        for _ in range(4):
            workers.submit(job, None)
        poll(lambda: workers.idle == 4 and not workers.waiting, "the burst to be over")
        time.sleep(0.05)  # several times IDLE_SECONDS
    assert (len(seen), workers.started, alive("staying")) == (4, 4, 4)
    workers.close()
    poll(lambda: alive("staying") == 0, "all threads to end")


def test_abandoned_threads_end() -> None:
    """Ours: an adapter that is dropped without close() leaves no thread behind."""
    workers, go = Workers(4, "abandoned"), threading.Event()
    for _ in range(4):
        workers.submit(waits, go)
    poll(lambda: workers.busy == 4, "all threads to be busy")
    workers.abandon()
    go.set()
    poll(lambda: alive("abandoned") == 0, "all threads to end")


def test_a_job_can_be_withdrawn_until_a_thread_has_begun_it() -> None:
    workers, go, done = Workers(1, "withdrawing"), threading.Event(), list[int]()
    workers.submit(waits, go)
    poll(lambda: workers.busy == 1 and not workers.waiting, "the thread to be busy")
    for number in range(3):
        workers.submit(done.append, number)
    assert workers.queue_for_new_job() == 3
    assert workers.withdraw(done.append, 1)
    assert not workers.withdraw(done.append, 7)
    go.set()
    poll(lambda: workers.busy == 0, "the jobs to be done")
    assert done == [0, 2]
    assert workers.queue_for_new_job() == -1
    workers.close()


def test_all_short_jobs_are_done_while_threads_start_and_end() -> None:
    """Safety: when a surplus thread ends, no job is left without a thread."""
    workers = Workers(2, "churn")
    done: list[int] = []

    def job(number: int) -> Callable[[object], None]:
        def run(_: object) -> None:
            if number % 3 == 0:
                workers.leave()
                workers.come_back()
            done.append(number)

        return run

    for number in range(5000):
        workers.submit(job(number), None)
    poll(lambda: len(done) == 5000, "all jobs to be done")
    workers.close()


def test_the_result_of_a_job_is_called_once_its_thread_counts_as_idle() -> None:
    """Safety: a client that has its response may send the next request at once, and must not find the thread busy."""
    workers, idle = Workers(1, "last"), list[int]()
    workers.submit(lambda _: lambda: idle.append(workers.idle), None)
    poll(lambda: bool(idle), "the last call of the job")
    assert idle == [1]
    workers.close()
