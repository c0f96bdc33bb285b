"""The hosts during failures: full process tables and disks, forks, failing loggers, exits, disconnects.

After each failure every request has a response, and no zombie, used slot or descriptor is left.
"""

import asyncio
import errno
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.run_cgi import process as run_cgi_process
from gateways.adapters.run_cgi.host import CGIHost
from tests.adapters.run_cgi.asking import Asker, InASGI, Request
from tests.adapters.run_cgi.conftest import Hosting
from tests.adapters.run_cgi.leftovers import processes, zombies
from tests.forks import fork
from tests.real.serving import eventually

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("earlier_programs_are_reaped")]


def host_of(ask: Asker) -> CGIHost:
    host: CGIHost = ask.host  # type: ignore[attr-defined]
    return host


@pytest.fixture
def nothing_is_left(hosting: Hosting) -> Iterator[Callable[[Asker], None]]:
    """Use a host once, so that shared resources exist. After the test there must be no further ones."""
    first = hosting()
    for target in ("/hello.sh", "/closes_stdout_and_works_on.sh?/dev/null"):
        first(target)
    eventually(lambda: not host_of(first)._running, "the first programs are over")
    this, asked = psutil.Process(), list[Asker]()
    before = this.num_fds()
    yield asked.append
    for ask in asked:
        host = host_of(ask)
        eventually(lambda host=host: not host._running, "every program is reaped")  # type: ignore[misc]
        assert host._starting == 0
        assert host.slots._free == host.limit
        assert ask("/hello.sh").body == b"hello\n"
    eventually(lambda: not zombies(os.getpid()), "all are reaped")
    eventually(lambda: this.num_fds() <= before, f"no more descriptors than the {before} before")


Check = Callable[[Asker], None]


class Breaks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("no log today")


def test_a_logging_filter_that_raises_has_no_effect_on_requests(hosting: Hosting, nothing_is_left: Check) -> None:
    ask = hosting(timeouts={"head": 2, "total": 5})
    nothing_is_left(ask)
    logger, breaks = logging.getLogger("gateways.cgi"), Breaks()
    logger.addFilter(breaks)
    try:
        for _ in range(2):
            assert ask("/complains.sh").status == 200
            assert ask("/is_silent.sh").status == 504
            assert ask("/prints.py?bad").status == 502
            assert ask("/prints.py/exit/3?X-A:%20b%0A%0Abody").body == b"body"
            assert ask("/prints.py?Content-Length:%0A%0Abody").body == b"body"
            assert ask("/missing").status == 404
            ask.leave(Request("/complains_for_ever.sh"), lambda: True)
            assert not ask("/prints.py/kill/9?X-A:%20b%0A%0Abody").complete
    finally:
        logger.removeFilter(breaks)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE])
def test_a_failed_start_is_a_503_with_retry_after(
    hosting: Hosting, nothing_is_left: Check, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = hosting(limit=2)
    nothing_is_left(ask)

    def fail(*arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "_fork_exec", fail)
        for _ in range(4):
            response = ask("/hello.sh")
            assert (response.status, response["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("call", ["pipe", "pidfd_open"])
def test_without_a_free_descriptor_the_response_is_a_503(
    hosting: Hosting, nothing_is_left: Check, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = hosting(limit=2)
    nothing_is_left(ask)

    def fail(*arguments: object) -> Any:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(run_cgi_process.os, call, fail)  # type: ignore[attr-defined]
        patched.setattr(run_cgi_process.threading, "Thread", NoThread)  # type: ignore[attr-defined]
        for _ in range(4):
            assert ask("/hello.sh").status == 503


def test_a_full_disk_is_a_503_with_retry_after(
    hosting: Hosting, nothing_is_left: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary file on /dev/full: writing fails as on a full disk."""
    ask = hosting()
    nothing_is_left(ask)
    chunks = [b"x" * 700_000, b"y" * 700_000]
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", lambda *_, **__: Path("/dev/full").open("wb+", buffering=65536))  # noqa: SIM115
        for _ in range(2):
            response = ask("/echo.py", "POST", chunks=chunks)
            assert (response.status, response["Retry-After"]) == (503, "5")
    assert ask("/echo.py", "POST", chunks=chunks).body == b"".join(chunks)


@pytest.mark.parametrize("program", ["hello.sh", "leaves_a_daemon.sh", "prints.py"])
def test_the_server_may_ignore_sigchld(hosting: Hosting, nothing_is_left: Check, program: str) -> None:
    ask = hosting()
    nothing_is_left(ask)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        for _ in range(3):
            assert ask(f"/{program}?Content-Type:%20a/b%0A%0A").status == 200
        mark = uuid.uuid4().hex
        ask.leave(Request(f"/waits_for_a_child.sh?{mark}"), lambda: processes(mark))
        eventually(lambda: not processes(mark), "the program and its child are gone")
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_an_observer_that_raises_has_no_effect_on_the_program(hosting: Hosting, nothing_is_left: Check) -> None:
    ask = hosting(limit=1)
    nothing_is_left(ask)

    def observe(*arguments: object) -> None:
        raise RuntimeError("a fault of an observer")

    host_of(ask).on_start = observe
    for _ in range(2):
        with pytest.raises(RuntimeError):
            ask("/is_silent.sh")
    host_of(ask).on_start = None


def test_close_terminates_programs_that_are_being_started(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, mark, begun = hosting(), uuid.uuid4().hex, threading.Event()
    real = subprocess.Popen

    def slow(*arguments: Any, **options: Any) -> Any:
        begun.set()
        time.sleep(0.3)
        return real(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", slow)
    thread = threading.Thread(target=ask, args=(f"/is_silent.sh?{mark}",))
    thread.start()
    assert begun.wait(10)
    host_of(ask).close()
    assert processes(mark) == []
    thread.join(10)
    assert not thread.is_alive()
    monkeypatch.undo()
    assert ask("/hello.sh").body == b"hello\n"


def test_a_program_started_during_the_exit_does_not_outlive_the_process(programs: Path) -> None:
    mark = uuid.uuid4().hex
    code = f"""
import subprocess, sys, threading, time
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from gateways.adapters import CGIToWSGI
from tests.adapters.run_cgi.asking import InWSGI
real, begun = subprocess.Popen, threading.Event()
def slow(*arguments, **options):
    begun.set()
    time.sleep(0.2)
    return real(*arguments, **options)
subprocess.Popen = slow
ask = InWSGI(CGIToWSGI({str(programs)!r}))
threading.Thread(target=ask, args=("/ignores_sigterm.sh?{mark}",), daemon=True).start()
begun.wait(10)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=40)
    eventually(lambda: not processes(mark), f"nothing is left: {processes(mark)}")


def test_a_fork_that_exits_normally_does_not_affect_its_parents_programs(hosting: Hosting) -> None:
    ask, mark = hosting(limit=1, warm=True), uuid.uuid4().hex
    left = threading.Event()
    thread = threading.Thread(target=ask.leave, args=(Request(f"/is_silent_after_its_head.sh?{mark}"), left.is_set))
    thread.start()
    eventually(lambda: processes(mark), "the program runs")
    running = processes(mark)
    pid = fork()
    if not pid:
        status = 1
        try:  # its one slot is free, though the parent's is not
            status = 0 if ask("/hello.sh").body == b"hello\n" else 2
            host_of(ask).close()
            import atexit

            atexit._run_exitfuncs()  # as a normal exit does
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert [each.pid for each in processes(mark)] == [each.pid for each in running]
    left.set()
    thread.join(10)
    assert ask("/hello.sh").body == b"hello\n"


@pytest.mark.timeout(180)
def test_three_hundred_random_disconnects_leave_nothing_behind(programs: Path) -> None:
    """In process, on one loop: each client disconnects between before the start and after the end of its program."""
    host = CGIToASGI(programs, limit=64, timeouts={"queue": None})
    ask, choose = InASGI(host), random.Random(20261129)
    targets = ["/hello.sh", "/sleeps_half_a_second.sh", "/writes_for_ever.sh", "/is_silent.sh", "/complains.sh"]
    this = psutil.Process()
    ask("/hello.sh")
    before = this.num_fds()

    async def client(gate: asyncio.Semaphore) -> None:
        async with gate:
            left = asyncio.Event()
            request = Request(choose.choice(targets[:2] * 3 + targets), choose.choice(["GET", "HEAD", "POST"]))
            asyncio.get_running_loop().call_later(choose.random() ** 3 * 0.3, left.set)
            await asyncio.wait_for(ask._exchange(request, left), 60)

    async def clients() -> None:
        gate = asyncio.Semaphore(80)
        await asyncio.gather(*(client(gate) for _ in range(300)))

    asyncio.run(clients())
    eventually(lambda: not host._running, "every program is reaped")
    assert (host.slots._free, host._starting) == (64, 0)
    eventually(lambda: not zombies(os.getpid()), "all are reaped")
    eventually(lambda: this.num_fds() <= before, f"no more descriptors than the {before} before")
    with ThreadPoolExecutor(4) as pool:
        assert {response.body for response in pool.map(ask, ["/hello.sh"] * 20)} == {b"hello\n"}
    host.close()
