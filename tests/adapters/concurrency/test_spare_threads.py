"""Threads for calls that wait: one per concurrent call, reused."""

from __future__ import annotations

import threading

from gateways.adapters.concurrency import spare_threads


def alive() -> int:
    """Return the number of spare threads, after all of them have become idle."""
    while True:
        threads = [thread for thread in threading.enumerate() if thread.name == "asgi-to-wsgi-spare"]
        if spare_threads._idle == len(threads):
            return len(threads)
        threading.Event().wait(0.001)


def test_consecutive_calls_share_a_thread() -> None:
    before = alive()  # threads of earlier tests may wait, too
    for _ in range(20):
        over = threading.Event()
        spare_threads.run(over.set)
        assert over.wait(5)
        assert alive() <= max(1, before)


def test_concurrent_calls_have_their_own_threads() -> None:
    barrier = threading.Barrier(6)
    for _ in range(5):
        spare_threads.run(lambda: barrier.wait(5))
    barrier.wait(5)  # raises BrokenBarrierError if a call had to wait until another call's thread was free
