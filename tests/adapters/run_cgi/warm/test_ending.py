"""The exit of a warm process, tested without the interpreter that forks it."""

import subprocess
import sys

import pytest

START = """
import os, sys, types
from gateways.adapters.run_cgi.warm.child import Run
from gateways.adapters.run_cgi.warm.ending import Ending, c_exit
run = Run(types.ModuleType("__main__"))
"""


def _ended(
    source: str, end: str = "Ending(run, set(sys.modules)).end(3, os._exit)"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{START}\n{source}\n{end}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_calls_of_the_programs_own_atexit_module_are_made() -> None:
    # up to Python 3.9 each module named atexit has its own calls
    source = (
        "atexit = sys.modules['atexit'] = types.ModuleType('atexit')\natexit._run_exitfuncs = lambda: print('called')"
    )
    ended = _ended(source)
    assert (ended.stdout, ended.returncode, ended.stderr) == ("called\n", 3, "")


@pytest.mark.parametrize("hook", ["", "sys.addaudithook(lambda event, _: 1 / 0 if event.startswith('ctypes') else 0)"])
def test_an_audit_hook_does_not_change_the_exit_status(hook: str) -> None:
    # from Python 3.14 the call of C's exit() is an audit event
    ended = _ended(f"leave = c_exit()\n{hook}", "Ending(run, set(sys.modules)).end(4, leave)")
    assert (ended.returncode, ended.stderr) == (4, "")
