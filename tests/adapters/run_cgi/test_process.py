"""Start, signal and reap programs, even without free descriptors, memory or threads."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateways.adapters.run_cgi.process import spawn
from gateways.adapters.run_cgi.program import Program
from tests.adapters.run_cgi.leftovers import zombies
from tests.real.serving import eventually

pytestmark = pytest.mark.usefixtures("earlier_programs_are_reaped")


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    """A program that sleeps."""
    program = tmp_path / "program.sh"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    return os.fsencode(program)


_started: list[Program] = []  # programs that the current test has started and not ended


@pytest.fixture(autouse=True)
def _every_program_ends() -> Iterator[None]:
    """End the programs of a test that fails, so that the tests after it find no process and no descriptor of it."""
    yield
    while _started:
        end(_started[-1])


def start(file: bytes) -> Program:
    program = spawn([file], {b"PATH": os.fsencode(os.environ["PATH"])}, stdin=True)
    _started.append(program)
    return program


def end(program: Program) -> None:
    _started.remove(program)
    program.signal(signal.SIGKILL)
    eventually(program.look, "it has ended")
    program.reap()


def assert_nothing_is_left(before: int) -> None:
    eventually(lambda: not [each for each in psutil.Process().children() if "sleep" in each.name()], "no program")
    eventually(lambda: not zombies(os.getpid()), "all are reaped")
    # There are fewer if descriptors of an earlier test were still open then.
    eventually(lambda: psutil.Process().num_fds() <= before, f"no more descriptors than the {before} before")


def test_it_leads_its_process_group_and_its_pipes_are_non_blocking(file: bytes) -> None:
    program = start(file)
    assert os.getpgid(program.pid) == program.pid
    assert program.read() is None
    assert not any(os.get_blocking(each) for each in (program.stdin, program.stdout, program.stderr))
    end(program)


def test_it_blocks_no_signals_even_if_the_starting_thread_does(tmp_path: Path) -> None:
    """As the threads of uWSGI do."""
    program = tmp_path / "mask.py"
    program.write_text(f"#!{sys.executable} -S\nimport signal\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n")
    program.chmod(0o755)
    output, masks = [b""], []
    all_signals = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}

    def run() -> None:
        before = signal.pthread_sigmask(signal.SIG_SETMASK, all_signals)
        started = start(os.fsencode(program))
        masks.append(signal.pthread_sigmask(signal.SIG_SETMASK, before))
        eventually(started.look, "it has ended")
        output[0] = started.read() or b""
        end(started)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert output == [b"set()\n"]
    assert masks == [all_signals]


def test_a_start_with_few_free_descriptors_succeeds_or_leaves_nothing_behind(file: bytes) -> None:
    """EMFILE at each step: the pipes, the start, the descriptor of its exit."""
    end(start(file))
    before, limit = psutil.Process().num_fds(), resource.getrlimit(resource.RLIMIT_NOFILE)
    started = 0
    for room in range(16):
        taken: list[int] = []
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 64, limit[1]))
        program = None
        try:
            while True:
                taken.append(os.dup(0))
        except OSError:
            for _ in range(room):
                os.close(taken.pop())
            try:
                program = start(file)
            except OSError as error:
                assert error.errno == errno.EMFILE  # noqa: PT017
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        if program is not None:
            started += 1
            end(program)
        assert_nothing_is_left(before)
    assert 0 < started < 16


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_failed_fork_leaves_nothing_behind(file: bytes, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = psutil.Process().num_fds()

    def fail(*arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "_fork_exec", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        start(file)
    assert_nothing_is_left(before)


@pytest.mark.parametrize("threads", [True, False])
def test_a_process_that_cannot_be_watched_is_terminated(
    file: bytes, threads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = psutil.Process().num_fds()

    def refuse(*arguments: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    if threads:
        monkeypatch.setattr(threading.Thread, "start", no_thread)
    else:
        pipes = iter([os.pipe(), os.pipe(), os.pipe(), os.pipe()])  # the program's, and that of subprocess
        monkeypatch.setattr(os, "pipe", lambda: next(pipes, None) or refuse())
    with pytest.raises(OSError, match="start new thread" if threads else "Too many open files"):
        start(file)
    monkeypatch.undo()
    assert_nothing_is_left(before)


def test_without_pidfd_a_thread_watches_the_process(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    before = psutil.Process().num_fds()
    end(start(file))
    assert_nothing_is_left(before)


@pytest.fixture
def sigchld_is_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("sigchld_is_ignored")
def test_children_of_a_program_that_the_kernel_reaped_can_still_be_signalled(tmp_path: Path) -> None:
    program_file = tmp_path / "program.sh"
    program_file.write_text("#!/bin/sh\nsleep 60 &\nprintf %d $!\n")
    program_file.chmod(0o755)
    program = start(os.fsencode(program_file))
    eventually(program.look, "it has ended")
    child = int(program.read() or b"0")
    assert psutil.pid_exists(child)
    program.signal(signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(child), "its child is gone")
    end(program)


def test_a_reaped_process_is_never_signalled(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    program = start(file)
    end(program)
    signalled: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda pid, number: signalled.append(pid))
    program.signal(signal.SIGKILL)
    assert signalled == []
