"""Run a shell command of the user, and stop all its processes if this process is interrupted."""

import contextlib
import os
import signal
import subprocess

from gateways.serving.job import GRACE
from gateways.serving.signals import deferred_signals


def run_shell(command: str) -> tuple[int, str]:
    """Run a command. Return its exit status, and the last line of its output ("" without output).

    The command has its own process group. After an exception such as KeyboardInterrupt, the whole group is terminated.
    """
    with contextlib.ExitStack() as signals:
        signals.enter_context(deferred_signals())
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with process:
            try:
                signals.close()
                octets, _ = process.communicate()
            except BaseException:
                _end(process)
                raise
    lines = octets.decode("utf-8", "backslashreplace").strip().splitlines()
    return process.returncode, lines[-1] if lines else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Terminate the group. The pipe ends when all its processes have exited; then, or after GRACE, kill the rest."""
    try:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=GRACE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
