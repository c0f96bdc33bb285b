"""Disconnects: the server sends SIGTERM or closes its end of stdout; the application is notified, and ends."""

import re
import signal
import time
from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import Runner
from tests.real.serving import eventually


def test_sigterm_terminates_a_silent_application_at_once_and_cleanly(run: Runner) -> None:
    with run.start("waits") as program:
        program.read_until(b"first\n")
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        result = program.result()
    assert time.monotonic() - began < 2
    assert (result.status, result.stderr) == (128 + signal.SIGTERM, "")
    if run.side == "wsgi":
        assert run.recorded() == ["ended"]  # PEP 3333: close()
    else:
        assert run.recorded() == ["startup", "ClientDisconnected", "ended", "shutdown"]


def test_sigterm_before_the_response_headers_sends_no_response(run: Runner) -> None:
    with run.start("waits_before_head") as program:
        eventually(lambda: run.recorded() == ["waiting"], "the application waits")
        program.process.send_signal(signal.SIGTERM)
        result = program.result()
    assert (result.status, result.output, result.stderr) == (128 + signal.SIGTERM, b"", "")
    assert run.recorded() == ["waiting", "ended"]


def test_a_closed_stdout_ends_an_application_that_writes(run: Runner) -> None:
    with run.start("writes_for_ever") as program:
        program.read_until(b"x\n")
        program.stdout.close()
        result = program.result()
    assert result.status == 70
    assert result.stderr == ""  # it is not an error
    assert run.recorded() == (["ended"] if run.side == "wsgi" else ["startup", "ended", "shutdown"])


def test_a_disconnect_during_the_request_causes_no_traceback(run: Runner) -> None:
    with run.start("reports", REQUEST_METHOD="POST", CONTENT_LENGTH="10") as program:
        program.stdin.write(b"01234")
        program.stdin.flush()
        program.process.send_signal(signal.SIGTERM)
        result = program.result()
    assert result.status in (128 + signal.SIGTERM, -signal.SIGTERM)  # the latter if it had not started yet


def catches_sigterm(pid: int) -> bool:
    """Return True if the process has a handler for the signal."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.parametrize("repeated", [False, True])
def test_after_the_response_work_may_finish_unless_sigterm_is_repeated(run: Runner, repeated: bool) -> None:
    """Servers such as lighttpd and Apache send it to a program that has closed stdout and continues."""
    with run.start("works_on") as program:
        assert program.stdout.read().endswith(b"Hello!\n")
        eventually(lambda: "working" in run.recorded(), "the application works on")
        assert catches_sigterm(program.process.pid)
        program.process.send_signal(signal.SIGTERM)
        eventually(lambda: not catches_sigterm(program.process.pid), "the signal has been seen")
        if repeated:
            program.process.send_signal(signal.SIGTERM)
            assert program.result().status == -signal.SIGTERM
        run.signal.touch()
        assert program.result().status == (-signal.SIGTERM if repeated else 0)
    assert ("worked" in run.recorded()) == (not repeated)


def test_the_response_ends_before_the_work_that_follows_it(run: Runner) -> None:
    with run.start("works_on") as program:
        assert program.stdout.read().endswith(b"Hello!\n")  # to its end
        assert program.process.poll() is None
        run.signal.touch()
        assert program.result().status == 0
    expected = ["working", "worked"]
    assert run.recorded() == (expected if run.side == "wsgi" else ["startup", *expected, "shutdown"])
