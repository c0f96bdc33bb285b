"""Detect a target's interface in a separate process, because importing an app may print, hang or exit.

Knows processes and the time limit. target.py does the detection.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import cast

from gateways.failure import Failure
from gateways.serving.hang import told
from gateways.serving.server import Mode
from gateways.serving.target import find, program_of


@dataclass(frozen=True, slots=True)
class Known:
    """Facts about a target before it is served. See gateways.serving.target.Found."""

    target: str
    interface: Mode
    signature: str
    doubt: str = ""
    name: str = ""
    folder: str = ""


def probe(target: str, seconds: float, interface: Mode | None = None) -> Known:
    """Import and recognise `target`. If `interface` is given, it is not checked.

    Raises:
        Failure: app not found, or its import takes longer than `seconds` or exits the process.
    """
    if interface in (None, "cgi") and (program := program_of(target)):
        return Known(target, "cgi", program)
    reading, writing = os.pipe()
    errors = os.dup(2)  # for the report of a hanging import; the app's own output is collected
    with os.fdopen(reading) as answer:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateways.serving.probe", target, interface or "", str(writing), str(errors)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writing, errors],
            start_new_session=True,
        )
        os.close(writing)
        os.close(errors)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(
                f"importing {target!r} has not finished after {seconds:g} seconds; raise the limit with --timeout"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and its child processes, which hold the pipe
            process.communicate()
        return _known(target, answer.read(), process.returncode, said)


def _known(target: str, answer: str, status: int, said: bytes) -> Known:
    if not answer:
        lines = said.decode("utf-8", "backslashreplace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
        how = f"with exit status {status}" if status >= 0 else f"by signal {-status}"
        raise Failure(f"importing {target!r} ended the process {how}: {last}")
    found = json.loads(answer)
    if "failure" in found:
        raise Failure(found["failure"], found["traceback"])
    return Known(**found)


def main() -> None:
    """In the separate process: write the result to the descriptor and exit, even if the app has started threads."""
    target, interface = sys.argv[1], cast("Mode | None", sys.argv[2] or None)
    descriptor, errors = map(int, sys.argv[3:])
    try:
        with told(target, lambda said: os.write(errors, said.encode())):
            found = find(target, interface)
    except Failure as failure:
        answer = {"failure": str(failure), "traceback": failure.traceback}
    else:
        answer = asdict(Known(target, found.interface, found.signature, found.doubt, found.name, found.folder))
    with os.fdopen(descriptor, "w") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


if __name__ == "__main__":
    main()
