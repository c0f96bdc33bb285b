"""Warm Python programs: faster, and otherwise what they are cold."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import uuid
import zipapp
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.run_cgi.warm.programs import MAX_PROGRAMS, interpreter_of
from tests.adapters.run_cgi import clauses_of_requests, clauses_of_responses
from tests.adapters.run_cgi.asking import Asker, InASGI, InWSGI, Request
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.real.serving import eventually

if sys.platform != "linux":
    pytest.skip("warm programs need Linux", allow_module_level=True)


def write(folder: Path, name: str, source: str) -> Path:
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{source}")
    program.chmod(0o755)
    return program


def warm_asker(kind: str, folder: Path) -> InASGI | InWSGI:
    if kind == "wsgi":
        return InWSGI(CGIToWSGI(folder, warm=True))
    return InASGI(CGIToASGI(folder, warm=True), asyncio.run if kind == "asyncio" else uvloop.run)


KINDS = ["asyncio", "uvloop", "wsgi"]


@pytest.fixture(params=KINDS)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asker]:
    """A folder of its own for each test."""
    asker = warm_asker(request.param, tmp_path)
    yield asker
    asker.host.close()


def cold_one(ask: Asker, folder: Path) -> Asker:
    """A host of the same kind that runs every program in the ordinary way."""
    return InASGI(CGIToASGI(folder)) if isinstance(ask, InASGI) else InWSGI(CGIToWSGI(folder))


def interpreters(program: Path) -> list[psutil.Process]:
    """The warm interpreters of a program."""
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[-1:] == [str(program)]:
                found.append(process)
    return found


def warmed(ask: Asker, program: Path) -> None:
    """Ask until an interpreter serves that has imported what the first run did."""
    ask(f"/{program.name}")
    first = min(interpreters(program), key=psutil.Process.create_time)

    def replaced() -> bool:
        ask(f"/{program.name}")
        now = interpreters(program)
        return len(now) == 1 and first not in now

    eventually(replaced, "an interpreter with its modules serves")


@pytest.fixture(scope="module", params=KINDS)
def warm_host(request: pytest.FixtureRequest, programs: Path) -> Iterator[Asker]:
    asker = warm_asker(request.param, programs)
    for program in ("report.py", "prints.py"):
        warmed(asker, programs / program)
    yield asker
    asker.host.close()


class _Warm:
    """The clauses again, the programs being warm."""

    @pytest.fixture
    def ask(self, warm_host: Asker) -> Asker:
        return warm_host


class TestMetaVariables(_Warm, clauses_of_requests.MetaVariables):
    pass


class TestRequestBodies(_Warm, clauses_of_requests.RequestBodies):
    pass


class TestRunningTheProgram(_Warm, clauses_of_requests.RunningTheProgram):
    pass


class TestHeads(_Warm, clauses_of_responses.Heads):
    pass


class TestBodies(_Warm, clauses_of_responses.Bodies):
    pass


class TestLocalRedirects(_Warm, clauses_of_responses.LocalRedirects):
    pass


STATE = """
import json, os, signal, sys
state = {
    "environ": dict(os.environ), "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "flags": str(sys.flags),
    "executable": sys.executable, "file": __file__, "name": __name__, "main": sys.modules["__main__"].__file__,
    "here": sorted(name for name in globals() if name != "state"), "umask": os.umask(0o22),
    "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
    "stdout": [sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering, sys.stdout.isatty()],
    "stdin": sys.stdin.read(), "stderr": [sys.stderr.encoding, sys.stderr.line_buffering],
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name)),
    "threads": len(os.listdir("/proc/self/task")),
    "session": os.getsid(0) == os.getpid() == os.getpgrp(),
}
print("Content-Type: application/json\\n")
print(json.dumps(state))
"""


def test_a_warm_program_finds_itself_as_a_cold_one_does(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "state.py", STATE)
    cold = cold_one(ask, tmp_path).report("/state.py?q", "POST", body=b"body")
    first = ask.report("/state.py?q", "POST", body=b"body")
    warmed(ask, program)
    later = ask.report("/state.py?q", "POST", body=b"body")
    assert first == cold
    assert later == cold


ENDS = {
    "exit_3": "import sys; sys.exit(3)",
    "exit_none": "raise SystemExit",
    "exit_text": "import sys; sys.exit('that is all')",
    "exit_300": "import sys; sys.exit(300)",
    "exit_at_once": "import os; os._exit(7)",
    "raises": "def fail(): return 1 / 0\nfail()",
    "raises_a_cause": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "has_no_syntax": "this is no Python",
    "at_exit": "import atexit; atexit.register(print, 'at exit')",
    "in_a_thread": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.2), print('from a thread'))).start()",
    "file_left_open": "import sys\nleft = open(sys.argv[0] + '.out', 'w'); left.write('text')",
    "finalizer": "class Last:\n    def __del__(self): print('finalized')\nlast = Last()",
    "cycle": "class Last:\n    def __del__(self): print('finalized')\nlast = Last(); last.me = last; del last",
    "stdout_closed": "import sys; sys.stdout.close()",
    "no_newline": "print('x', end='')",
}


@pytest.mark.parametrize("name", ENDS)
def test_a_warm_program_ends_as_a_cold_one_does(
    ask: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    write(tmp_path, f"{name}.py", f"print('Content-Type: text/plain\\n', flush=True)\n{ENDS[name]}\n")

    def outcome(asker: Asker) -> Any:
        caplog.clear()
        response = asker(f"/{name}.py")
        left = tmp_path / f"{name}.py.out"
        text = left.read_text() if left.exists() else None
        left.unlink(missing_ok=True)
        return response.status, response.body, response.complete, text, [r.getMessage() for r in caplog.records]

    cold = outcome(cold_one(ask, tmp_path))
    assert outcome(ask) == cold
    assert outcome(ask) == cold


def test_what_the_first_run_imported_is_imported_before_the_next(ask: Asker, tmp_path: Path) -> None:
    imports = tmp_path / "imports.txt"
    (tmp_path / "mine.py").write_text(f"with open({str(imports)!r}, 'a') as file: file.write('.')\n")
    program = write(tmp_path, "a.py", "import mine\nprint('X-A: b\\n\\nbody')\n")
    warmed(ask, program)
    before = imports.read_text()
    for _ in range(3):
        assert ask("/a.py").body == b"body\n"
    assert imports.read_text() == before


WAITS = """
import colorsys, os, pathlib, time
if os.environ["QUERY_STRING"] == "waits":
    pathlib.Path(f"{os.getpid()}.waits").touch()
    while not os.path.exists("gate"):
        time.sleep(0.01)
print(f"X-A: b\\n\\n{os.getppid()}")
"""


def test_what_runs_when_another_interpreter_takes_over_ends_as_it_should(ask: Asker, tmp_path: Path) -> None:
    write(tmp_path, "a.py", WAITS)
    with ThreadPoolExecutor(4) as pool:
        try:
            waiting = [pool.submit(ask, "/a.py?waits") for _ in range(4)]
            eventually(lambda: len(list(tmp_path.glob("*.waits"))) == 4, "all of them run")
            first = ask("/a.py").body
            eventually(lambda: ask("/a.py").body != first, "another interpreter serves")
        finally:
            (tmp_path / "gate").touch()
        assert [(each.result().status, each.result().body) for each in waiting] == [(200, first)] * 4


def test_named_modules_are_imported_before_the_first_run(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "import sys\nloaded = 'colorsys' in sys.modules\nprint(f'X-A: b\\n\\n{loaded}')\n")
    host = CGIToASGI(tmp_path, warm=["colorsys"])
    try:
        assert InASGI(host)("/a.py").body == b"True\n"
    finally:
        host.close()


def test_each_run_has_its_own_chance(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import random, uuid\nprint('X-A: b\\n')\nprint(random.random(), uuid.uuid4())\n")
    warmed(ask, program)
    assert len({ask("/a.py").body for _ in range(5)}) == 5


def test_numpys_global_generator_is_seeded_anew_as_well(ask: Asker, tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").touch()
    (tmp_path / "numpy" / "random.py").write_text("seeded = 0\ndef seed():\n    global seeded\n    seeded += 1\n")
    source = "import numpy.random\nprint(f'X-A: b\\n\\n{numpy.random.seeded}')\n"
    program = write(tmp_path, "a.py", source)
    warmed(ask, program)
    assert ask("/a.py").body == b"1\n"


def test_each_run_starts_from_the_same_state(ask: Asker, tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text("count = 0\n")
    program = write(tmp_path, "a.py", "import counter\ncounter.count += 1\nprint(f'X-A: b\\n\\n{counter.count}')\n")
    warmed(ask, program)
    assert {ask("/a.py").body for _ in range(3)} == {b"1\n"}


def test_a_changed_program_is_noticed(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import json\nprint('X-A: b\\n\\nold')\n")
    warmed(ask, program)
    assert ask("/a.py").body == b"old\n"
    write(tmp_path, "a.py", "print('X-A: b\\n\\nnew')\n")
    assert ask("/a.py").body == b"new\n"


def test_a_changed_module_is_noticed(ask: Asker, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("word = 'old'\n")
    program = write(tmp_path, "a.py", "import mine\nprint(f'X-A: b\\n\\n{mine.word}')\n")
    warmed(ask, program)
    assert ask("/a.py").body == b"old\n"
    (tmp_path / "mine.py").write_text("word = 'newer'\n")
    for _ in range(3):
        assert ask("/a.py").body == b"newer\n"


@pytest.mark.parametrize(
    "spoiling",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "import socket\nopen_for_ever = socket.socket()",
    ],
    ids=["thread", "descriptor"],
)
def test_a_module_that_no_fork_can_share_is_left_to_the_program(ask: Asker, tmp_path: Path, spoiling: str) -> None:
    (tmp_path / "spoiling.py").write_text(spoiling + "\n")
    source = "import sys\nbefore = 'json' in sys.modules, 'spoiling' in sys.modules\nimport json, spoiling\n"
    program = write(tmp_path, "a.py", source + "print(f'X-A: b\\n\\n{before}')\n")
    warmed(ask, program)
    eventually(lambda: ask("/a.py").body == b"(True, False)\n", "what can be shared is")


def test_a_dead_interpreter_is_replaced(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    for _ in range(3):
        assert ask("/a.py").body == b"body\n"
        (interpreter,) = interpreters(program)
        interpreter.kill()
        eventually(lambda: not interpreters(program), "it has died")
    assert ask("/a.py").body == b"body\n"


def test_what_replaces_a_dead_interpreter_has_its_modules_again(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import colorsys\nprint('X-A: b\\n\\nbody')\n")
    for _ in range(2):
        warmed(ask, program)
        (interpreter,) = interpreters(program)
        interpreter.kill()
        eventually(lambda: not interpreters(program), "it has died")


def test_an_interpreter_that_died_too_often_is_tried_again_after_a_pause(
    ask: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "PAUSE", 0.5)
    python, well = tmp_path / "python3", tmp_path / "well"
    python.write_text(
        f'#!/bin/sh\ncase "$1" in *zygote.py) [ -e "{well}" ] || exit 1;; esac\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    program.write_text(program.read_text().replace(sys.executable, str(python)))
    for _ in range(warm.MAX_ATTEMPTS + 2):
        assert ask("/a.py").body == b"body\n"
        eventually(lambda: not interpreters(program), "it has died")
    well.touch()
    eventually(lambda: ask("/a.py").body == b"body\n" and interpreters(program), "one lives")


def test_a_program_goes_on_when_its_interpreter_dies(ask: Asker, tmp_path: Path) -> None:
    source = "import os, time\nprint('X-A: b\\n\\nfirst', flush=True)\n"
    source += (
        "while not os.path.exists(os.environ['QUERY_STRING']): time.sleep(0.02)\ntime.sleep(1.5)\nprint('second')\n"
    )
    program = write(tmp_path, "a.py", source)
    go_on = tmp_path / "go_on"

    def kill() -> None:
        (interpreter,) = interpreters(program)
        interpreter.kill()
        go_on.touch()

    assert ask(f"/a.py?{go_on}", at_first=kill).body == b"first\nsecond\n"


def test_a_request_whose_interpreter_dies_before_its_program_runs_is_not_lost(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import sys\nprint('X-A: b\\n\\n' + sys.stdin.read())\n")
    assert ask("/a.py").status == 200
    (interpreter,) = interpreters(program)
    interpreter.suspend()
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(ask, "/a.py", "POST", body=b"the body")
        try:
            eventually(lambda: ask.host._running, "the request has been sent")  # type: ignore[attr-defined]
        finally:
            interpreter.kill()
        assert response.result(10).body == b"the body\n"


@pytest.mark.parametrize("ignores", [False, True])
def test_the_client_leaves_a_warm_program_and_its_children(ask: Asker, tmp_path: Path, ignores: bool) -> None:
    source = "import signal, subprocess\n" + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" * ignores
    program = write(tmp_path, "a.py", source + "subprocess.run(['sleep', '60'])\n")
    mark = uuid.uuid4().hex
    leaders: list[psutil.Process | None] = []

    def child_runs() -> bool:
        leaders.extend(process.parent() for process in processes(mark))  # a fork shows the environment of its parent
        return bool(leaders)

    ask.leave(Request(f"/a.py?{mark}"), child_runs)
    assert_gone(mark, os.getpid())
    eventually(lambda: not [leader for leader in leaders if leader and leader.is_running()], "it has ended, too", 2)
    assert interpreters(program)


def test_a_client_that_leaves_at_once_leaves_nothing(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import time\ntime.sleep(60)\n")
    for _ in range(3):
        mark = uuid.uuid4().hex
        ask.leave(Request(f"/a.py?{mark}"), lambda: True)
        assert_gone(mark, os.getpid())
    assert interpreters(program)


def test_many_at_once(ask: Asker, tmp_path: Path) -> None:
    write(tmp_path, "a.py", "import os, time\ntime.sleep(0.3)\nprint('X-A: b\\n\\n' + os.environ['QUERY_STRING'])\n")
    targets = [f"/a.py?{number}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(ask, targets))
    assert [response.body for response in responses] == [b"%d\n" % number for number in range(20)]


def test_a_request_too_large_for_its_interpreter_does_it_no_harm(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import os\nprint('X-A: b\\n\\n' + str(sum(map(len, os.environ.values()))))\n")
    assert ask("/a.py").status == 200
    before = interpreters(program)
    response = ask("/a.py", headers=[(f"X-{number}", "x" * 8000) for number in range(150)])
    assert int(response.body) > 150 * 8000
    assert interpreters(program) == before


def test_this_process_never_forks(tmp_path: Path) -> None:
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
os.register_at_fork(before=lambda: os._exit(66))
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.cgi_to_asgi import CGIToASGI
from tests.adapters.run_cgi.asking import InASGI
host = CGIToASGI({str(tmp_path)!r}, warm=True)
bodies = [InASGI(host)("/a.py").body for _ in range(5)]
host.close()
assert bodies == [b"body\\n"] * 5
"""
    write(tmp_path, "a.py", "import json\nprint('X-A: b\\n\\nbody')\n")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_host_that_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.cgi_to_asgi import CGIToASGI
from tests.adapters.run_cgi.asking import InASGI
InASGI(CGIToASGI({str(tmp_path)!r}, warm=True))("/a.py?{(mark := uuid.uuid4().hex)}")
"""
    write(tmp_path, "a.py", "import subprocess\nsubprocess.run(['sleep', '60'])\n")
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        eventually(lambda: processes(mark), "the program runs, and has a child")
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) == 3, "interpreter, program and child"
        process.send_signal(how)
    eventually(lambda: not any(map(_runs, started)), "all have ended", 3)


def _runs(process: psutil.Process) -> bool:
    """Whether it has not ended: as an orphan it is reaped by init, whenever that likes to."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_close_ends_the_interpreters(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import json\nprint('X-A: b\\n\\nbody')\n")
    assert ask("/a.py").status == 200
    assert interpreters(program)
    ask.host.close()  # type: ignore[attr-defined]
    eventually(lambda: not interpreters(program), "they end", 3)


def test_so_many_interpreters_wait_and_no_more(ask: Asker, tmp_path: Path) -> None:
    files = [write(tmp_path, f"{number}.py", "print('X-A: b\\n\\nbody')\n") for number in range(MAX_PROGRAMS + 2)]
    for file in files:
        assert ask(f"/{file.name}").status == 200
    eventually(lambda: not interpreters(files[0]) and not interpreters(files[1]), "the first ones have ended", 5)
    assert len([1 for file in files if interpreters(file)]) == MAX_PROGRAMS
    assert ask("/0.py").status == 200


def test_a_forked_host_has_interpreters_of_its_own(ask: Asker, tmp_path: Path) -> None:
    write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    assert ask("/a.py").body == b"body\n"
    pid = os.fork()
    if not pid:
        good = ask("/a.py").body == b"body\n"
        ask.host.close()  # type: ignore[attr-defined]
        os._exit(0 if good else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert ask("/a.py").body == b"body\n"


def test_programs_that_are_not_python_run_as_ever(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.sh", "")
    program.write_text("#!/bin/sh\nprintf 'X-A: b\\n\\nbody'\n")
    assert ask("/a.sh").body == b"body"
    assert not interpreters(program)


def test_a_program_whose_interpreter_cannot_be_had_runs_cold(ask: Asker, tmp_path: Path) -> None:
    """As a zip archive with a first line: the interpreter can run it, but not read it as source."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("print('X-A: b\\n\\nbody')\n")
    zipapp.create_archive(tmp_path / "app", tmp_path / "a.pyz", sys.executable)
    for _ in range(8):
        assert ask("/a.pyz").body == b"body\n"


def test_flags_of_the_first_line_hold(ask: Asker, tmp_path: Path) -> None:
    program = tmp_path / "a.py"
    program.write_text(f"#!{sys.executable} -IO\nimport sys\nprint(f'X-A: b\\n\\n{{sys.flags}} {{sys.path[0]}}')\n")
    program.chmod(0o755)
    cold = InASGI(CGIToASGI(tmp_path))("/a.py").body
    assert b"optimize=1" in cold
    assert ask("/a.py").body == cold


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"#!%b\n", ["%s"]),
        (b"#! %b \n", ["%s"]),
        (b"#!%b -I\n", ["%s", "-I"]),
        (b"#!%b -IS -u\n", None),
        (b"#!/usr/bin/env python3\n", ["python3"]),
        (b"#!/usr/bin/env -S python3 -I -u\n", ["python3", "-I", "-u"]),
        (b"#!/usr/bin/env -i python3\n", None),
        (b"#!%b -m http.server\n", None),
        (b"#!%b -c\n", None),
        (b"#!%b -i\n", None),
        (b"#!/bin/sh\n", None),
        (b"#!/usr/bin/pythonista\n", None),
        (b"#!/no/such/python3\n", None),
        (b"#!%b", None),
        (b"import sys\n", None),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_the_interpreter_of_a_first_line(tmp_path: Path, line: bytes, command: list[str] | None) -> None:
    python = tmp_path / "python3"
    python.symlink_to(sys.executable)
    program = tmp_path / "a.py"
    program.write_bytes(line.replace(b"%b", os.fsencode(python)))
    expected = command and [str(python) if word in ("%s", "python3") else word for word in command]
    assert interpreter_of(os.fsencode(program), str(tmp_path)) == expected


def test_an_interpreter_that_cannot_fork_leaves_it_to_the_host(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    assert ask("/a.py").status == 200
    (interpreter,) = interpreters(program)
    interpreter.rlimit(psutil.RLIMIT_NOFILE, (8, 8))  # neither descriptors nor children
    assert [ask("/a.py").body for _ in range(3)] == [b"body\n"] * 3
