"""The process of a warm program: its state and its end, compared with a cold one."""

import ast
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.run_cgi.warm.interpreter import ZYGOTE
from tests.adapters.run_cgi.asking import Asker, InASGI
from tests.adapters.run_cgi.warm.warming import cold_one, warm_asker, warmed, write
from tests.real.serving import eventually

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


def test_the_module_that_becomes_the_program_has_no_annotations() -> None:
    """From Python 3.14 on, a module with annotations has names for them, which the program's module would inherit."""
    assert [node.lineno for node in ast.parse(Path(ZYGOTE).read_text()).body if isinstance(node, ast.AnnAssign)] == []


def test_a_warm_program_sees_the_same_process_state_as_a_cold_one(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "state.py", STATE)
    cold = cold_one(ask, tmp_path).report("/state.py?q", "POST", body=b"body")
    first = ask.report("/state.py?q", "POST", body=b"body")
    warmed(ask, program)
    later = ask.report("/state.py?q", "POST", body=b"body")
    assert first == cold
    assert later == cold


def test_a_warm_program_blocks_no_signals_although_the_servers_thread_does(tmp_path: Path) -> None:
    """As the threads of uWSGI do."""
    source = (
        "import signal\nprint('Content-Type: text/plain\\n')\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n"
    )
    program = write(tmp_path, "mask.py", source)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGPIPE, signal.SIGTERM})
    try:
        ask = warm_asker("wsgi", tmp_path)
        warmed(ask, program)
        response = ask("/mask.py")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    ask.host.close()
    assert response.body == b"set()\n"


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
    "exit_text_with_a_format": "class Text(str):\n    def __format__(self, _): return 'formatted'\n"
    "import sys; sys.exit(Text('that is all'))",
    "exit_text_without_stderr": "import sys; sys.stderr = None; sys.exit('that is all')",
    "exit_text_and_stderr_deleted": "import sys; del sys.stderr; sys.exit('that is all')",
    "stdout_deleted": "import sys; del sys.stdout",
    "excepthook_deleted": "import sys; del sys.excepthook; 1 / 0",
    "at_exit_of_threads": "import threading; threading._register_atexit(lambda: 1 / 0)",
}


@pytest.mark.parametrize("name", ENDS)
def test_a_warm_program_exits_as_a_cold_one_does(
    ask: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    write(tmp_path, f"{name}.py", f"print('Content-Type: text/plain\\n', flush=True)\n{ENDS[name]}\n")

    def outcome(asker: Asker) -> Any:
        caplog.clear()
        response = asker(f"/{name}.py")
        eventually(lambda: not asker.host.stats().busy, "it has been reaped")  # type: ignore[attr-defined]
        left = tmp_path / f"{name}.py.out"
        text = left.read_text() if left.exists() else None
        left.unlink(missing_ok=True)
        messages = [message for message in caplog.messages if str(tmp_path) in message]
        return response.status, response.body, response.complete, text, messages

    cold = outcome(cold_one(ask, tmp_path))
    assert outcome(ask) == cold
    assert outcome(ask) == cold


@pytest.mark.parametrize("error", ["ValueError('no text')", "SystemExit(9)", "KeyboardInterrupt"])
def test_the_exit_status_is_1_if_the_text_of_an_exit_cannot_be_printed(
    ask: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    """As in a cold run. The rest of its log is not compared, because it differs between versions of Python."""
    source = f"class Text:\n    def __str__(self): raise {error}\nimport sys; sys.exit(Text())\n"
    write(tmp_path, "a.py", f"print('Content-Type: text/plain\\n\\nx')\n{source}")

    def outcome(asker: Asker) -> Any:
        caplog.clear()
        response = asker("/a.py")
        eventually(lambda: not asker.host.stats().busy, "it has been reaped")  # type: ignore[attr-defined]
        log = [message.partition(": ")[2] for message in caplog.messages if "exit status" in message]
        return response.status, response.body, response.complete, log

    cold = outcome(cold_one(ask, tmp_path))
    assert cold == (200, b"x\n", True, ["ended with exit status 1"])
    assert outcome(ask) == cold
    assert outcome(ask) == cold


def test_each_run_has_its_own_random_numbers(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import random, uuid\nprint('X-A: b\\n')\nprint(random.random(), uuid.uuid4())\n")
    warmed(ask, program)
    assert len({ask("/a.py").body for _ in range(5)}) == 5


def test_flags_of_the_first_line_apply(ask: Asker, tmp_path: Path) -> None:
    program = tmp_path / "a.py"
    program.write_text(f"#!{sys.executable} -IO\nimport sys\nprint(f'X-A: b\\n\\n{{sys.flags}} {{sys.path[0]}}')\n")
    program.chmod(0o755)
    cold = InASGI(CGIToASGI(tmp_path))("/a.py").body
    assert b"optimize=1" in cold
    assert ask("/a.py").body == cold
