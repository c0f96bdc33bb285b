"""Faults of an interpreter at each of its steps: every request gets a response, and nothing is left behind."""

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gateways.adapters.run_cgi.host import CGIHost
from tests.adapters.run_cgi.asking import InASGI, InWSGI, Request
from tests.adapters.run_cgi.leftovers import zombies
from tests.adapters.run_cgi.warm.warming import KINDS, interpreters, warm_asker, warmed, write
from tests.real.serving import eventually

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("earlier_programs_are_reaped")]

LIMIT = 4
BODY = "import colorsys, os\nprint('X-A: b\\n\\n' + os.environ['QUERY_STRING'])\n"
# Runs zygote.py with a fault in one function, once for each mark in the folder.
FAULTY = """
import _socket, builtins, errno, os, runpy, sys
folder, module, name, fault = sys.argv[1:5]
del sys.argv[:5]
home = {"_socket": _socket, "builtins": builtins, "os": os}[module]
whole = getattr(home, name)
def faulty(*arguments, **named):
    result = whole(*arguments, **named) if fault == "killed after" else None
    try:
        marks = os.listdir(folder)
        os.unlink(os.path.join(folder, marks[0]))
    except (IndexError, FileNotFoundError):
        return result if fault == "killed after" else whole(*arguments, **named)
    if fault.startswith("killed"):
        os.kill(os.getpid(), 9)
    raise OSError(getattr(errno, fault), fault)
setattr(home, name, faulty)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# The function called at each step, and its fault; "killed" means kill -9.
FAULTS = {
    "before_it_has_read_the_program": ("builtins.compile", "killed"),
    "when_it_has_read_the_program": ("builtins.compile", "killed after"),
    "when_it_has_a_request": ("os.fsdecode", "killed"),
    "before_it_forks": ("_socket.socketpair", "killed"),
    "when_it_has_forked_or_its_child_has_begun": ("os.fork", "killed after"),
    "in_the_child_before_it_has_a_session": ("os.setsid", "killed"),
    "in_the_child_before_it_waits": ("os.setsid", "killed after"),
    "in_the_child_when_it_has_a_request": ("os.chdir", "killed"),
    "in_the_child_before_it_tells_of_itself": ("os.write", "killed"),
    "when_the_child_runs": ("os.pidfd_open", "killed"),
    "when_it_watches_the_child": ("os.pidfd_open", "killed after"),
    "when_the_child_has_ended": ("os.waitid", "killed"),
    "when_it_knows_the_childs_status": ("os.waitid", "killed after"),
    "before_it_reaps_the_child": ("os.waitpid", "killed"),
    "when_it_has_reaped_the_child": ("os.waitpid", "killed after"),
    "no_process_can_be_had": ("os.fork", "EAGAIN"),
    "no_memory_can_be_had": ("os.fork", "ENOMEM"),
    "no_descriptor_can_be_had": ("_socket.socketpair", "EMFILE"),
    "the_child_cannot_be_watched": ("os.pidfd_open", "ENFILE"),
    "its_folder_cannot_be_entered": ("os.chdir", "EACCES"),
}


def faulty_python(folder: Path, function: str, fault: str) -> str:
    """Return a first line: a Python that has the fault if it runs as an interpreter for requests."""
    marks, script, python = folder / "marks", folder / "faulty.py", folder / "bin" / "python3"
    marks.mkdir()
    python.parent.mkdir()
    script.write_text(FAULTY)
    module, _, name = function.partition(".")
    python.write_text(
        f'#!/bin/sh\npython={sys.executable}\ncase "$1" in *zygote.py)\n'
        f'  exec $python {script} {marks} {module} {name} "{fault}" "$@";;\nesac\nexec $python "$@"\n'
    )
    python.chmod(0o755)
    return f"#!{python}"


_others: set[psutil.Process] = set()  # children of this process that tests of other files have left running


@pytest.fixture(autouse=True)
def _know_the_others() -> None:
    _others.clear()
    _others.update(psutil.Process().children())


def left() -> set[psutil.Process]:
    """Return the children that were started since the test began."""
    return set(psutil.Process().children()) - _others


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def assert_nothing_is_left(host: CGIHost, before: int) -> None:
    """Assert that no program, slot, zombie, interpreter or descriptor is left."""
    eventually(lambda: not host._running, "no program is left")
    taken = [host.slots.take(lambda: None) for _ in range(LIMIT)]
    assert all(taken), "every slot is free"
    for _ in taken:
        host.slots.release()
    host.close()
    eventually(lambda: not left(), f"no process is left: {left()}")
    eventually(lambda: not zombies(os.getpid()), f"no zombie is left: {zombies(os.getpid())}")
    eventually(lambda: descriptors() <= before, f"{before} descriptors, as before")


@contextlib.contextmanager
def suspended(program: Path) -> Iterator[list[psutil.Process]]:
    """The program's interpreters, paused so that they accept no request, as during an import."""
    stopped = interpreters(program)
    try:
        for interpreter in stopped:
            interpreter.suspend()
        yield stopped
    finally:
        for interpreter in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                interpreter.resume()


@pytest.fixture(params=KINDS)
def faulty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InASGI | InWSGI]:
    """A host whose reaper has started, so that descriptors can be counted."""
    first = warm_asker(request.param, tmp_path)
    write(tmp_path, "first.py", "import time\nprint('X-A: b\\n\\n', flush=True)\ntime.sleep(0.3)\n")
    assert first("/first.py").status == 200
    assert_nothing_is_left(first.host, 1 << 20)
    asker = warm_asker(request.param, tmp_path, limit=LIMIT)
    yield asker
    asker.host.close()


@pytest.mark.parametrize("step", FAULTS)
def test_every_request_gets_a_response_whatever_happens_to_the_interpreter(
    faulty: InASGI | InWSGI, tmp_path: Path, step: str
) -> None:
    before = descriptors()
    write(tmp_path, "a.py", BODY, faulty_python(tmp_path, *FAULTS[step]))
    for number in range(8):
        if number in (0, 2, 5):
            (tmp_path / "marks" / str(number)).touch()
        response = faulty(f"/a.py?{number}")
        assert (response.status, response.body) == (200, b"%d\n" % number)
    assert len(list((tmp_path / "marks").iterdir())) < 3, "the fault was met"
    assert_nothing_is_left(faulty.host, before)


def test_a_killed_program_gets_an_error_response_and_no_other_request_fails(
    faulty: InASGI | InWSGI, tmp_path: Path
) -> None:
    before = descriptors()
    body = BODY.replace("colorsys, ", "")  # nothing for which another interpreter would be started
    write(tmp_path, "a.py", body, faulty_python(tmp_path, "os.fstat", "killed"))
    statuses = []
    for number in range(6):
        if number in (1, 3):
            (tmp_path / "marks" / str(number)).touch()
        statuses.append(faulty(f"/a.py?{number}").status)
    assert statuses == [200, 502, 200, 502, 200, 200]
    assert_nothing_is_left(faulty.host, before)


def test_a_disconnect_before_the_program_is_deleted_leaves_nothing_behind(
    faulty: InASGI | InWSGI, tmp_path: Path
) -> None:
    before = descriptors()
    program = write(tmp_path, "a.py", BODY)
    write(tmp_path, "b.py", BODY)
    assert faulty("/a.py?1").status == 200
    for _ in range(2):
        with suspended(program):
            faulty.leave(Request("/a.py?2"), lambda: True)
            eventually(lambda: not faulty.host._running, "the program that never began is forgotten")
        eventually(lambda: faulty("/a.py?3").body == b"3\n", "the interpreter goes on")
    with suspended(program) as stopped:
        faulty.leave(Request("/a.py?4"), lambda: True)
        program.unlink()
        for interpreter in stopped:
            interpreter.kill()
    assert faulty("/a.py?5").status == 404
    assert faulty("/b.py?6").body == b"6\n"
    assert_nothing_is_left(faulty.host, before)


def test_a_program_deleted_before_its_cold_start_gets_an_error_response(
    faulty: InASGI | InWSGI, tmp_path: Path
) -> None:
    before = descriptors()
    program = write(tmp_path, "a.py", BODY)
    assert faulty("/a.py?1").status == 200
    with suspended(program) as stopped, ThreadPoolExecutor(1) as pool:
        response = pool.submit(faulty, "/a.py?2")
        eventually(lambda: faulty.host._running, "the request has been sent")
        program.unlink()
        for interpreter in stopped:
            interpreter.kill()
        assert response.result(10).status == 502
    assert_nothing_is_left(faulty.host, before)


def test_disconnects_at_any_moment_leave_nothing_behind(faulty: InASGI | InWSGI, tmp_path: Path) -> None:
    before = descriptors()
    write(tmp_path, "a.py", "import colorsys, time\ntime.sleep(0.05)\nprint('X-A: b\\n\\n' + 'x' * 100_000)\n")
    with ThreadPoolExecutor(LIMIT) as pool:
        for moment in range(40):
            pool.submit(faulty.leave, Request("/a.py"), functools.partial(next, iter([False] * (moment % 8)), True))
    assert faulty("/a.py").status == 200
    assert_nothing_is_left(faulty.host, before)


def test_the_server_may_ignore_sigchld(faulty: InASGI | InWSGI, tmp_path: Path) -> None:
    """As in a cold run, the program inherits that."""
    before = descriptors()
    source = "import colorsys, os, signal\nprint('X-A: b\\n\\n', os.getppid(), signal.getsignal(signal.SIGCHLD))\n"
    program = write(tmp_path, "a.py", source)
    handler = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        warmed(faulty, program)
        (interpreter,) = interpreters(program)
        responses = {faulty("/a.py").body for _ in range(3)}
        assert_nothing_is_left(faulty.host, before)
    finally:
        signal.signal(signal.SIGCHLD, handler)
    assert responses == {f" {interpreter.pid} {int(signal.SIG_IGN)}\n".encode()}


def test_an_interpreter_whose_import_failed_is_tried_again(
    faulty: InASGI | InWSGI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.adapters.run_cgi.warm.programs.PAUSE", 0.2)
    source = "import sys\nbefore = 'colorsys' in sys.modules\nimport colorsys\nprint(f'X-A: b\\n\\n{before}')\n"
    write(tmp_path, "a.py", source, faulty_python(tmp_path, "os.fork", "EAGAIN"))
    assert faulty("/a.py").body == b"False\n"
    (tmp_path / "marks" / "one").touch()
    eventually(lambda: faulty("/a.py").body == b"True\n", "its libraries are imported in the end")


def test_signals_sent_before_a_process_exists_reach_only_that_process(faulty: InASGI | InWSGI, tmp_path: Path) -> None:
    """SIGTERM: a program may clean up, even if its client disconnected before it started."""
    before = signal.getsignal(signal.SIGTERM)
    source = "import colorsys, pathlib, signal, sys, time\ndef end(*_): pathlib.Path('ended').touch(); sys.exit()\n"
    program = write(
        tmp_path, "a.py", f"{source}signal.signal(signal.SIGTERM, end)\npathlib.Path('begun').touch()\ntime.sleep(60)\n"
    )
    faulty.leave(Request("/a.py"), (tmp_path / "begun").exists)
    eventually((tmp_path / "ended").exists, "it cleans up")
    assert interpreters(program)
    assert signal.getsignal(signal.SIGTERM) == before
