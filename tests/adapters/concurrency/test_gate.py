"""EventGate: a gate that lets one thread through for each release(), and its descriptor."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from gateways.adapters.concurrency import forks
from gateways.adapters.concurrency import gate as gates
from gateways.adapters.concurrency.gate import EventGate, new_gate, thread_gate
from gateways.adapters.concurrency.thread_pool import Workers
from tests.adapters.wsgi_to_asgi.loops import PATIENCE
from tests.adapters.wsgi_to_asgi.serving import poll
from tests.forks import fork

pytestmark = pytest.mark.skipif(not hasattr(os, "eventfd"), reason="this system has no eventfd")
WAITS_FOR_EVER = -1.0


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(2, "gate")
    yield workers
    workers.close()


def run(workers: Workers, alone: bool = True) -> None:
    """Run a job and wait until its thread is idle again."""
    done = threading.Event()
    workers.submit(lambda _: done.set(), None, alone)
    assert done.wait(PATIENCE)
    poll(lambda: workers.busy == 0, "the thread to be idle")


def meet(barrier: threading.Barrier) -> None:
    """Keep this thread busy until all threads have a job."""
    barrier.wait(PATIENCE)


def stay(go: threading.Event) -> None:
    go.wait(PATIENCE)


def descriptors() -> int:
    return psutil.Process().num_fds()


def test_each_release_lets_one_thread_through() -> None:
    gate, through = EventGate(), threading.Semaphore(0)

    def wait() -> None:
        gate.acquire(WAITS_FOR_EVER)
        through.release()

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.release()
    assert through.acquire(timeout=PATIENCE)
    assert sum(thread.is_alive() for thread in threads) >= 2
    assert not through.acquire(timeout=0.05)
    gate.release()
    gate.release()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_release_before_the_wait_is_not_lost() -> None:
    gate = EventGate()
    gate.release()
    assert gate.acquire(WAITS_FOR_EVER)
    assert not gate.acquire(0.01)
    gate.release()
    assert gate.acquire(PATIENCE)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals for one thread are POSIX's")
def test_a_signal_does_not_end_the_wait() -> None:
    """os.eventfd_read() raises InterruptedError where os.read() retries (PEP 475)."""
    gate = EventGate()
    seen: list[int] = []
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(gate.acquire(WAITS_FOR_EVER)))
    before = signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
    try:
        thread.start()
        assert thread.ident is not None
        poll(lambda: _sleeps(thread.native_id), "the thread to wait")
        signal.pthread_kill(thread.ident, signal.SIGUSR1)
        poll(lambda: bool(seen), "the handler to run, in this thread")
        poll(lambda: _sleeps(thread.native_id), "the thread to wait again")
        assert not results
        gate.release()
        thread.join(PATIENCE)
        assert results == [True]
    finally:
        signal.signal(signal.SIGUSR1, before)


def _sleeps(native: int | None) -> bool:
    with open(f"/proc/self/task/{native}/syscall") as file:
        return file.read().startswith("0 ")  # read(2)


def test_a_pool_needs_one_descriptor_for_any_number_of_threads(workers: Workers) -> None:
    before = descriptors()
    run(workers)
    both = threading.Barrier(3)
    for _ in range(2):
        workers.submit(meet, both, True)
    both.wait(PATIENCE)
    for _ in range(5):
        run(workers)
    assert descriptors() <= before + 1
    workers.close()
    poll(lambda: descriptors() <= before, "the descriptor to be closed with the last thread")
    run(workers)  # and it starts again
    run(workers)


def test_jobs_that_come_one_by_one_open_the_front_gate(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    release = EventGate.release

    def counted(gate: EventGate) -> None:
        opened.append(1)
        release(gate)

    monkeypatch.setattr(EventGate, "release", counted)
    run(workers)  # starts the thread
    for _ in range(3):
        run(workers)
    assert len(opened) == 3
    assert workers.started == 1


def test_a_thread_at_the_front_gate_takes_a_job_that_is_not_alone(workers: Workers) -> None:
    for _ in range(5):
        run(workers)
        run(workers, alone=False)
    assert workers.started == 1


def test_a_busy_pool_loses_no_job(workers: Workers) -> None:
    run(workers)
    go = threading.Event()
    done: list[int] = []
    for _ in range(2):
        workers.submit(stay, go, True)
    for number in range(20):
        workers.submit(done.append, number, True)
    assert not done
    go.set()
    poll(lambda: len(done) == 20, "all jobs to run")
    assert workers.started == 2


def test_abandon_ends_the_thread_at_the_front_gate() -> None:
    workers = Workers(2, "abandoned-gate")
    run(workers)
    run(workers)
    both = threading.Barrier(3)
    for _ in range(2):
        workers.submit(meet, both, True)
    both.wait(PATIENCE)
    poll(lambda: workers.busy == 0, "both threads to be idle")
    workers.abandon()
    poll(lambda: not any(t.name.startswith("abandoned-gate") for t in threading.enumerate()), "all threads to end")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_child_has_its_own_gate(workers: Workers) -> None:
    run(workers)
    run(workers)
    pid = fork()
    if not pid:
        try:
            before = descriptors()
            run(workers)
            run(workers)
            os._exit(0 if descriptors() == before + 1 and workers.started == 1 else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    run(workers)
    assert workers.started == 1


def test_without_a_descriptor_all_threads_wait_at_locks(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(os, "eventfd", fails)
    for _ in range(5):
        run(workers)
    assert workers.started == 1


def test_green_threads_do_not_wait_in_a_system_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stop all of them."""
    assert new_gate() is not None
    monkeypatch.setattr(forks, "threads_are_green", lambda: True)
    assert new_gate() is None


@pytest.mark.skipif(sys.platform != "linux", reason="eventfd is Linux's")
def test_a_stand_in_that_ends_wakes_the_thread_at_the_front_gate_to_collect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread-locals of a stand-in may be parts of cycles; a thread that waits without a timeout would never collect
    them.
    """
    from gateways.adapters.concurrency import thread_pool

    monkeypatch.setattr(thread_pool, "STAND_IN_SECONDS", 0.05)
    monkeypatch.setattr(thread_pool, "IDLE_SECONDS", 0.4)
    workers = Workers(2, "collects")
    run(workers)
    run(workers)
    collected = threading.Event()
    monkeypatch.setattr(thread_pool, "_collect", lambda ended: collected.set())
    workers._collected = time.monotonic()  # a collection has just run, and the next one is not due yet
    back = threading.Event()

    def waits_for_a_client(_: object) -> None:
        workers.leave()
        back.wait(PATIENCE)
        workers.come_back()

    for _ in range(3):
        workers.submit(waits_for_a_client, None)
    poll(lambda: workers.away == 3, "three threads to wait for clients")
    back.set()
    try:
        assert collected.wait(PATIENCE)
    finally:
        workers.close()


def in_thread(call: Callable[[], object]) -> None:
    """Run `call` in a thread of its own. Raises its errors."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result(PATIENCE)


def test_a_thread_owns_one_gate() -> None:
    found: list[EventGate | None] = []

    def find() -> None:
        found.append(thread_gate())
        assert thread_gate() is found[-1]

    in_thread(find)
    in_thread(find)
    assert None not in found
    assert found[0] is not found[1]


def test_the_end_of_a_thread_closes_its_gate() -> None:
    """Safety: descriptors of threads that have ended are not left open."""
    before = descriptors()
    for _ in range(3):
        in_thread(thread_gate)
    poll(lambda: descriptors() <= before, "the gates to be closed")


def test_a_late_release_of_an_interrupted_wait_ends_no_other_wait() -> None:
    def wait() -> None:
        interrupted = thread_gate()
        assert interrupted is not None
        assert not interrupted.acquire(0.01)
        other = thread_gate()
        assert other is not None
        assert other is not interrupted
        interrupted.release()
        assert not other.acquire(0.01)

    in_thread(wait)


def test_only_so_many_threads_own_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Safety: a server with many threads needs its descriptors for connections."""
    monkeypatch.setattr(gates, "MAX_OWN", 0)
    found: list[EventGate | None] = []
    in_thread(lambda: found.append(thread_gate()))
    assert found == [None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_child_does_not_share_the_gate_of_its_thread() -> None:
    """Safety: the parent would take what the child releases, and the child would wait forever."""

    def check() -> None:
        inherited = thread_gate()
        assert inherited is not None
        pid = fork()
        if not pid:
            try:
                own = thread_gate()
                assert own is not None
                own.release()
                os._exit(0 if own is not inherited and own.acquire(PATIENCE) else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert not inherited.acquire(0.01)

    in_thread(check)
