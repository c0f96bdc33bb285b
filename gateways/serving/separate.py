"""Run a module of this project in a separate process, for code of the user that may print, hang or exit.

Knows the process, the pipe for its result, and the time limit. It must not know the contents of the result.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateways.failure import Failure


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has exited: the text of its result, its exit status (-9 after signal 9), and its output."""

    result: str
    status: int
    output: bytes


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
        signals.enter_context(_signals_deferred())
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments(writing, errors)],
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


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Delay signal handlers until the end of the block, because a handler that raises inside it would leave a process
    running.
    """
    received: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    deferred = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in deferred:
        signal.signal(number, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
        for number in received:
            signal.raise_signal(number)
