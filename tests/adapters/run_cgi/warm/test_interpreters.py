"""The interpreters: their number, their programs, and their failure or retirement."""

import gc
import os
import signal
import subprocess
import sys
import time
import uuid
import zipapp
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gateways.adapters.run_cgi.limits import NEVER
from gateways.adapters.run_cgi.reaper import pass_to_reaper
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.run_cgi.warm.interpreter import Imports, WarmInterpreter
from gateways.adapters.run_cgi.warm.programs import MAX_PROGRAMS
from tests.adapters.run_cgi.asking import Asker, Request
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.adapters.run_cgi.warm.warming import interpreters, living, warmed, write
from tests.forks import fork
from tests.real.serving import eventually, runs

pytestmark = pytest.mark.slow

WAITS = """
import colorsys, os, pathlib, time
if os.environ["QUERY_STRING"] == "waits":
    pathlib.Path(f"{os.getpid()}.waits").touch()
    while not os.path.exists("gate"):
        time.sleep(0.01)
print(f"X-A: b\\n\\n{os.getppid()}")
"""


def test_programs_that_run_while_the_interpreter_is_replaced_end_normally(ask: Asker, tmp_path: Path) -> None:
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


def test_a_dead_interpreter_is_replaced(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    for _ in range(3):
        (interpreter,) = living(ask, program)
        interpreter.kill()
        eventually(lambda: not interpreters(program), "it has died")
        assert ask("/a.py").body == b"body\n"


def test_a_replacement_of_a_dead_interpreter_has_the_same_modules(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import colorsys\nprint('X-A: b\\n\\nbody')\n")
    for _ in range(2):
        warmed(ask, program)
        (interpreter,) = interpreters(program)
        interpreter.kill()
        eventually(lambda: not interpreters(program), "it has died")


def test_an_interpreter_that_died_too_often_is_tried_again_after_a_pause_of_cold_runs(
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


def test_a_program_continues_when_its_interpreter_dies(ask: Asker, tmp_path: Path) -> None:
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


def waiting(program: Path) -> psutil.Process:
    """The process that waits for the next request."""
    found: list[psutil.Process] = []

    def waits() -> bool:
        found[:] = [child for each in interpreters(program) for child in each.children()]
        return len(found) == 1 and found[0].status() == psutil.STATUS_SLEEPING

    eventually(waits, "a process waits")
    return found[0]


def test_a_request_is_run_by_a_process_that_waits_already(ask: Asker, tmp_path: Path) -> None:
    """Its folder, its times and its log are those of the request."""
    source = "import logging, os\nprint(f'X-A: b\\n\\n{os.getpid()} {os.getcwd()} {logging._startTime}')\n"
    program = write(tmp_path, "a.py", source)
    warmed(ask, program)
    for _ in range(2):
        process, begun = waiting(program), time.time()
        pid, folder, started = ask("/a.py").body.decode().split()
        assert (int(pid), folder) == (process.pid, str(tmp_path))
        assert begun < float(started) / (1e9 if started.isdigit() else 1) < time.time()


def test_a_waiting_process_that_dies_is_replaced(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    living(ask, program)
    before = interpreters(program)
    for _ in range(2):
        waiting(program).kill()
        assert ask("/a.py").body == b"body\n"
    assert interpreters(program) == before


@pytest.mark.parametrize("end", ["close", "kill", "replace"])
def test_no_waiting_process_outlives_its_interpreter(ask: Asker, tmp_path: Path, end: str) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    (interpreter,) = living(ask, program)
    process = waiting(program)
    if end == "close":
        ask.host.close()  # type: ignore[attr-defined]
    elif end == "kill":
        interpreter.kill()
    else:
        program.write_text(program.read_text() + "#\n")
        assert ask("/a.py").body == b"body\n"
    eventually(lambda: not runs(process), "it ends")


def test_an_interpreter_that_is_retired_directly_after_a_request_leaves_no_process(tmp_path: Path) -> None:
    """It forks no process for a next request: nothing would ever end it."""
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    command = [sys.executable, sys.executable]
    environ = {name: value for name, value in os.environb.items() if name != b"PYTHONDEVMODE"}  # it prevents warm runs
    interpreter = WarmInterpreter(command, os.fsencode(program), dict(environ), Imports())
    try:
        eventually(interpreter.message, "it is ready")
        process = waiting(program).parent()
        assert process is not None
        process.suspend()  # so it receives both packets together
        request = interpreter.run([os.fsencode(program)], dict(environ), False, lambda *_: None)
        interpreter.retire()
        process.resume()
        pass_to_reaper(request, True, NEVER)
        eventually(lambda: not runs(process), "it ends", 20)
    finally:
        interpreter.end()


@pytest.mark.parametrize("ignores", [False, True])
def test_a_disconnect_terminates_a_warm_program_and_its_children(ask: Asker, tmp_path: Path, ignores: bool) -> None:
    source = "import signal, subprocess\n" + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" * ignores
    program = write(tmp_path, "a.py", source + "subprocess.run(['sleep', '60'])\n")
    mark = uuid.uuid4().hex
    leaders: list[psutil.Process | None] = []

    def child_runs() -> bool:
        leaders.extend(
            process.parent() for process in processes(mark)
        )  # in /proc a fork has the environment of its parent
        return bool(leaders)

    ask.leave(Request(f"/a.py?{mark}"), child_runs)
    assert_gone(mark, os.getpid())
    eventually(lambda: not any(runs(leader) for leader in leaders if leader), "it has ended, too")
    assert interpreters(program)


def test_an_immediate_disconnect_leaves_nothing_behind(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import time\ntime.sleep(60)\n")
    for _ in range(3):
        mark = uuid.uuid4().hex
        ask.leave(Request(f"/a.py?{mark}"), lambda: True)
        assert_gone(mark, os.getpid())
    assert interpreters(program)


def test_many_warm_programs_run_concurrently(ask: Asker, tmp_path: Path) -> None:
    write(tmp_path, "a.py", "import os, time\ntime.sleep(0.3)\nprint('X-A: b\\n\\n' + os.environ['QUERY_STRING'])\n")
    targets = [f"/a.py?{number}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(ask, targets))
    assert [response.body for response in responses] == [b"%d\n" % number for number in range(20)]


def test_a_request_too_large_for_its_interpreter_does_not_harm_it(ask: Asker, tmp_path: Path) -> None:
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
from gateways.adapters.run_cgi.limits import NEVER
from gateways.adapters.run_cgi.reaper import pass_to_reaper
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.run_cgi.warm.interpreter import Imports, WarmInterpreter
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
def test_no_warm_process_outlives_a_killed_host(tmp_path: Path, how: signal.Signals) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from gateways.adapters.run_cgi.limits import NEVER
from gateways.adapters.run_cgi.reaper import pass_to_reaper
from gateways.adapters.run_cgi.warm import programs as warm
from gateways.adapters.run_cgi.warm.interpreter import Imports, WarmInterpreter
from gateways.adapters.cgi_to_asgi import CGIToASGI
from tests.adapters.run_cgi.asking import InASGI
InASGI(CGIToASGI({str(tmp_path)!r}, warm=True))("/a.py?{(mark := uuid.uuid4().hex)}")
"""
    write(tmp_path, "a.py", "import subprocess\nsubprocess.run(['sleep', '60'])\n")
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        eventually(lambda: processes(mark), "the program runs, and has a child")
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 3, "interpreter, program and child; perhaps the process of the next request"
        process.send_signal(how)
    eventually(lambda: not any(map(runs, started)), "all have ended")


def test_close_ends_the_interpreters(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import json\nprint('X-A: b\\n\\nbody')\n")
    assert ask("/a.py").status == 200
    assert interpreters(program)
    ask.host.close()  # type: ignore[attr-defined]
    eventually(lambda: not interpreters(program), "they end")


def test_the_number_of_waiting_interpreters_is_limited(ask: Asker, tmp_path: Path) -> None:
    files = [write(tmp_path, f"{number}.py", "print('X-A: b\\n\\nbody')\n") for number in range(MAX_PROGRAMS + 2)]
    for file in files:
        assert ask(f"/{file.name}").status == 200
    eventually(lambda: not interpreters(files[0]) and not interpreters(files[1]), "the first ones have ended")
    assert len([1 for file in files if interpreters(file)]) == MAX_PROGRAMS
    assert ask("/0.py").status == 200


@pytest.mark.parametrize("uses_it", [True, False])
def test_a_forked_host_does_not_affect_its_parents_interpreters(ask: Asker, tmp_path: Path, uses_it: bool) -> None:
    program = write(tmp_path, "a.py", "import os\nprint(f'X-A: b\\n\\n{os.getppid()}')\n")
    parents = ask("/a.py").body
    pid = fork()
    if not pid:
        good = not uses_it or ask("/a.py").body not in (parents, b"")
        ask.host.close()  # type: ignore[attr-defined]
        gc.collect()  # the parent's objects are destroyed here, without affecting the parent
        os._exit(0 if good else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert ask("/a.py").body == parents
    assert len(interpreters(program)) == 1


def test_a_fork_that_outlives_its_parent_does_not_keep_the_interpreter(tmp_path: Path) -> None:
    code = f"""
import os, signal, sys, time, warnings
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
warnings.simplefilter("ignore")
from tests.adapters.run_cgi.warm.warming import warm_asker
from pathlib import Path
asker = warm_asker("wsgi", Path({str(tmp_path)!r}))
print(asker("/a.py").body.decode().strip(), flush=True)
if os.fork():
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""
    write(tmp_path, "a.py", "import os\nprint(f'X-A: b\\n\\n{os.getppid()}')\n")
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        interpreter = psutil.Process(int(parent.stdout.readline()))
        assert parent.wait(20) == -signal.SIGKILL
        eventually(lambda: not runs(interpreter), "the interpreter ends with the process that has it")


def test_programs_in_other_languages_run_as_usual_and_not_warm(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.sh", "")
    program.write_text("#!/bin/sh\nprintf 'X-A: b\\n\\nbody'\n")
    assert ask("/a.sh").body == b"body"
    assert not interpreters(program)


def test_a_program_whose_warm_interpreter_is_not_available_runs_cold(ask: Asker, tmp_path: Path) -> None:
    """A zip archive with a first line: the interpreter can run it, but not read it as source."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("print('X-A: b\\n\\nbody')\n")
    zipapp.create_archive(tmp_path / "app", tmp_path / "a.pyz", sys.executable)
    for _ in range(8):
        assert ask("/a.pyz").body == b"body\n"


def test_an_interpreter_that_cannot_fork_leaves_the_request_to_a_cold_start(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "print('X-A: b\\n\\nbody')\n")
    assert ask("/a.py").status == 200
    (interpreter,) = interpreters(program)
    interpreter.rlimit(psutil.RLIMIT_NOFILE, (8, 8))  # neither descriptors nor children
    assert [ask("/a.py").body for _ in range(3)] == [b"body\n"] * 3
