"""The thread that terminates and reaps programs: each way a program can end, and faults in the thread's calls."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.run_cgi import reaper
from gateways.adapters.run_cgi.kills import DISCONNECTED, Kill
from gateways.adapters.run_cgi.process import spawn
from gateways.adapters.run_cgi.program import Program
from tests.adapters.run_cgi.leftovers import zombies
from tests.forks import fork
from tests.real.serving import eventually

Make = Callable[[str], Program]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Start a program from a shell script."""
    programs: list[Program] = []

    def start(text: str) -> Program:
        file = tmp_path / "program.sh"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        program = spawn([os.fsencode(file)], {b"PATH": os.fsencode(os.environ["PATH"])}, stdin=True)
        program.reaped = False  # type: ignore[attr-defined]
        program.on_reaped = lambda: setattr(program, "reaped", True)
        programs.append(program)
        return program

    yield start
    for program in programs:
        if program.stdin >= 0:  # the test failed before it passed the program to the reaper
            reaper.pass_to_reaper(program, False, 0, DISCONNECTED)
    for program in programs:
        assert_over(program)


def assert_over(program: Program, within: float = 20) -> None:
    eventually(lambda: program.reaped, f"{program.name} is reaped", within)  # type: ignore[attr-defined]
    eventually(lambda: program.stderr < 0, "its stderr is closed", within)
    assert [program.stdin, program.stdout, program.exited] == [-1, -1, -1]
    assert program.pid not in [process.pid for process in zombies(os.getpid())]


def ended(program: Program) -> None:
    eventually(program.look, "the program has ended")


def test_an_ended_program_is_reaped_at_once(make: Make) -> None:
    program = make("exit 3")
    ended(program)
    reaper.pass_to_reaper(program, True, 0, DISCONNECTED)
    assert (program.reaped, program.returncode, program.killed) == (True, 3, None)  # type: ignore[attr-defined]


def test_a_running_program_is_terminated_and_the_log_has_the_reason_and_its_age(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    program = make("sleep 60")
    kills: list[Kill] = []
    program.on_killed = kills.append
    with caplog.at_level(logging.INFO, "gateways.cgi"):
        reaper.pass_to_reaper(program, False, 0, DISCONNECTED)
    assert kills == [DISCONNECTED]
    line = next(text for text in caplog.messages if "terminated" in text)
    assert f"(process {program.pid}) was terminated after 0." in line
    assert "s: the client has disconnected" in line
    assert_over(program)
    assert program.returncode == -signal.SIGTERM


def test_a_program_that_ignores_sigterm_is_killed_and_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    program = make("trap '' TERM; : > $0.ready; while :; do sleep 0.1; done")
    eventually(Path(f"{program.name}.ready").exists, "the shell has set its trap")
    reaper.pass_to_reaper(program, False, 0, DISCONNECTED)
    assert_over(program)
    assert program.returncode == -signal.SIGKILL
    assert "did not end on SIGTERM and was killed" in caplog.text


def test_a_program_may_continue_until_its_timeout(make: Make) -> None:
    program = make("exec >&-; sleep 60")
    begun = time.monotonic()
    reaper.pass_to_reaper(program, True, 0.5, DISCONNECTED)
    assert_over(program)
    assert time.monotonic() - begun >= 0.5
    assert program.killed is not None
    assert program.killed.name == "overtime"


class Breaks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("no log today")


@pytest.fixture
def broken_logging() -> Iterator[None]:
    logger, breaks = logging.getLogger("gateways.cgi"), Breaks()
    logger.addFilter(breaks)
    yield
    logger.removeFilter(breaks)


@pytest.mark.usefixtures("broken_logging")
@pytest.mark.parametrize(
    "text", ["echo x >&2; sleep 60", "trap '' TERM; echo x >&2; sleep 0.3; sleep 60", "echo x >&2"]
)
@pytest.mark.parametrize("over", [True, False])
def test_a_logging_filter_that_raises_loses_only_its_lines(make: Make, text: str, over: bool) -> None:
    for _ in range(3):
        program = make(text)
        reaper.pass_to_reaper(program, over, 0.2, DISCONNECTED)
        assert_over(program)


@pytest.mark.parametrize("method", ["look", "log_stderr", "discard", "collect", "kill"])
def test_after_an_error_with_one_program_all_programs_still_end(
    make: Make, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The fault occurs once, on the reaper's thread; the program still ends, and so does the next."""
    program = make(
        "trap 'echo bye; echo bye >&2; exit' TERM; echo x; echo x >&2; : > $0.ready; while :; do sleep 0.05; done"
    )
    eventually(Path(f"{program.name}.ready").exists, "the shell has set its trap")
    faults: list[str] = []
    real = getattr(program, method)

    def once(*arguments: Any) -> Any:
        if not faults and method != "discard":
            faults.append(method)
            raise RuntimeError(f"a fault in {method}")
        if not faults and not program.ended:
            faults.append(method)
            raise RuntimeError("a fault in discard")
        return real(*arguments)

    other = make("sleep 60")
    monkeypatch.setattr(program, method, once)
    reaper._reaper().let_finish(program, 0.1)
    assert_over(program)
    assert faults == [method]
    reaper.pass_to_reaper(other, False, 0, DISCONNECTED)
    assert_over(other)


def test_an_error_of_the_loop_does_not_stop_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = reaper._reaper()
    faults: list[int] = []
    real = thread._milliseconds

    def once() -> float | None:
        if not faults:
            faults.append(1)
            raise MemoryError
        return real()

    monkeypatch.setattr(thread, "_milliseconds", once)
    for _ in range(2):
        program = make("sleep 60")
        reaper.pass_to_reaper(program, False, 0, DISCONNECTED)
        assert_over(program)
    assert faults


def test_an_observer_that_raises_does_not_prevent_the_end_of_a_program(make: Make) -> None:
    program = make("sleep 0.3")

    def observe() -> None:
        raise RuntimeError("a fault of an observer")

    program.on_ended = observe
    program.close("stdout")
    reaper._reaper().let_finish(program, 10)
    assert_over(program)


def test_a_fork_has_its_own_reaper_and_does_not_affect_its_parents_programs(make: Make) -> None:
    program = make("exec sleep 60")
    theirs = reaper._reaper()
    pid = fork()
    if not pid:  # the child must never continue with the tests
        status = 1
        try:
            reaper.pass_to_reaper(program, False, 0, DISCONNECTED)
            program.signal(signal.SIGKILL)
            own = spawn([os.fsencode(program.name)], {b"PATH": os.fsencode(os.environ["PATH"])}, stdin=False)
            reaper.pass_to_reaper(own, False, 0, DISCONNECTED)
            eventually(lambda: own.stderr < 0 and own.exited < 0, "the fork reaps its own program")
            status = 0 if reaper._reaper() is not theirs and program.stdout < 0 else 2
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert not program.look()
    reaper.pass_to_reaper(program, False, 0, DISCONNECTED)


def test_only_the_monotonic_clock_is_read(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator or NTP may set the clock."""
    now = iter(range(10_000))
    monkeypatch.setattr(time, "time", lambda: 1e9 * next(now))
    program = make("exec >&-; sleep 0.3")
    reaper.pass_to_reaper(program, True, 5, DISCONNECTED)
    assert_over(program)
    assert program.killed is None
