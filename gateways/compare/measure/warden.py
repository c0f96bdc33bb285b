"""Kill the servers if the process that started them dies. Run as `python -m gateways.compare.measure.warden`.

It reads process groups from stdin, one per line: `+123` adds a group that must be killed if the parent dies, `-123`
removes it. At the end of stdin, it kills the remaining groups and exits.
"""

import contextlib
import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from gateways.serving.separate import module_command


class Warden:
    """Starts the warden process, and sends it the process groups to kill."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            module_command("gateways.compare.measure.warden"), stdin=subprocess.PIPE, start_new_session=True
        )
        return self

    def watch(self, group: int) -> None:
        self._say(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._say(f"-{group}\n")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # another process killed the warden; the bench stops the servers
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
