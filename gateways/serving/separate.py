"""Run a module of this project in a separate process, for code of the user that may print, hang or exit.

Knows the process, the pipe for its result, and the time limit. It must not know the contents of the result.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateways.failure import Failure
from gateways.serving.signals import deferred_signals


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has exited: the text of its result, its exit status (-9 after signal 9), and its output."""

    result: str
    status: int
    output: bytes


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module of this project in a new Python.

    `-P` keeps the current folder off sys.path. Without it, a user's logging.py or queue.py would replace the module of
    the standard library that this project needs. It is left out if this project itself is in the current folder.
    """
    root = Path(__file__).parents[2]
    isolated = [] if root.samefile(os.curdir) else ["-P"]
    return [sys.executable, *isolated, "-m", module, *arguments]


def run_module(module: str, arguments: Callable[[int, int], Sequence[str]], seconds: float, doing: str) -> Ended:
    """Run `python -m module` to its end, and kill all processes that it started.

    `arguments` is called with two descriptors, and returns the arguments of the module. The module writes its result to
    the first descriptor. The second is a copy of this process's stderr, for messages that must appear immediately. The
    module's own stdout and stderr are collected. `doing` names the work, for the error text.

    Raises:
        Failure: it takes longer than `seconds`.
    """
    reading, writing = os.pipe()
    errors = os.dup(2)
    with os.fdopen(reading) as result, contextlib.ExitStack() as signals:
        signals.enter_context(deferred_signals())
        process = subprocess.Popen(
            module_command(module, *arguments(writing, errors)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writing, errors],
            start_new_session=True,
        )
        os.close(writing)
        os.close(errors)
        try:
            signals.close()
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(
                f"{doing} has not finished after {seconds:g} seconds; raise the limit with --timeout"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # kills its child processes too, which hold the pipe open
            process.communicate()
        return Ended(result.read(), process.returncode, output)
