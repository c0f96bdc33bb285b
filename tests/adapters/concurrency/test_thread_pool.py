"""Workers: how many threads there are, whatever they wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateways.adapters.concurrency.thread_pool import Workers
from tests.adapters.wsgi_to_asgi.loops import PATIENCE
from tests.adapters.wsgi_to_asgi.serving import poll

LIMIT, SLOW = 2, 10


def alive(name: str) -> int:
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


def test_threads_that_stood_in_for_waiting_ones_end_also_while_there_is_more_to_do() -> None:
    """Ours: the bound holds again once the slow clients have gone, also under a load that never pauses."""
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
        go.set()
        poll(lambda: len(done) == 50, "all jobs to be done")
    finally:
        go.set()
        workers.close()


def test_short_jobs_are_all_done_while_threads_come_and_go() -> None:
    """Safety: a thread that ends because there are too many leaves no job without one."""
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
