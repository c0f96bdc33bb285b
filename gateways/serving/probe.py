"""Detect a target's interface in a separate process, because importing an app may print, hang or exit.

Knows the process's arguments and its result. target.py does the detection.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import cast

from gateways.failure import Failure
from gateways.serving.hang import reporting_hang
from gateways.serving.separate import Ended, run_module
from gateways.serving.server import Mode
from gateways.serving.target import find, program_of


@dataclass(frozen=True, slots=True)
class Known:
    """Facts about a target that are known before it is served. Fields: see gateways.serving.target.Found."""

    target: str
    interface: Mode
    signature: str
    doubt: str = ""
    name: str = ""
    folder: str = ""


def probe(target: str, seconds: float, interface: Mode | None = None) -> Known:
    """Import and recognise `target`. A given `interface` is used even if the app's signature does not match.

    Raises:
        Failure: not found, or not an app, or its import takes longer than `seconds` or exits the process.
    """
    if interface in (None, "cgi") and (program := program_of(target)):
        return Known(target, "cgi", program)

    def arguments(writing: int, errors: int) -> list[str]:  # a hanging import is reported on `errors`
        return [target, interface or "", str(writing), str(errors)]

    return _known(target, run_module("gateways.serving.probe", arguments, seconds, f"importing {target!r}"))


def _known(target: str, ended: Ended) -> Known:
    if not ended.result:
        lines = ended.output.decode("utf-8", "backslashreplace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
        how = f"with exit status {ended.status}" if ended.status >= 0 else f"by signal {-ended.status}"
        raise Failure(f"importing {target!r} ended the process {how}: {last}")
    found = json.loads(ended.result)
    if "failure" in found:
        raise Failure(found["failure"], found["traceback"])
    return Known(**found)


def main() -> None:
    """Run in the separate process: write the result to the descriptor and exit, even if the app has started threads."""
    target, interface = sys.argv[1], cast("Mode | None", sys.argv[2] or None)
    descriptor, errors = map(int, sys.argv[3:])
    try:
        with reporting_hang(target, lambda message: os.write(errors, message.encode())):
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
