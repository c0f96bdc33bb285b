"""Threads for calls that wait: one per concurrent call, reused."""

from __future__ import annotations

import threading

from gateways.adapters.concurrency import spare_threads


def test_consecutive_calls_share_a_thread() -> None:
    idents: set[int] = set()
    idle = max(1, spare_threads._idle)  # threads of earlier tests may wait, too
    for _ in range(20):
        over = threading.Event()

        def call(over: threading.Event = over) -> None:
            idents.add(threading.get_ident())
            over.set()

        spare_threads.run(call)
        assert over.wait(5)
        while spare_threads._idle < idle:  # the thread is on its way back
            threading.Event().wait(0.001)
    assert len(idents) <= idle


def test_concurrent_calls_have_their_own_threads() -> None:
    barrier = threading.Barrier(6)
    for _ in range(5):
        spare_threads.run(lambda: barrier.wait(5))
    barrier.wait(5)  # BrokenBarrierError if one of them had to wait for another's thread
