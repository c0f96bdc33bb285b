"""Where programs go that no response waits for any more: a thread that ends them, or lets them finish, and reaps them.

Knows processes, descriptors and the clock. It must not know requests or servers. The thread is made on first use in
this process (so a fork is no harm), sleeps in poll(), and serves every host.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections import deque

from adapters.program import Program

_NEVER = float("inf")
GRACE = 0.5  # seconds between SIGTERM and SIGKILL to a process group


class _Charge:
    def __init__(self, program: Program, kill_at: float, end_at: float) -> None:
        self.program = program
        self.kill_at = kill_at  # its group has had SIGTERM, and is not to be forgotten before
        self.end_at = end_at  # it may work on until then
        self.exited = False


class Reaper:
    """The thread. `end` and `let_finish` take a program over: the caller must not touch it afterwards."""

    def __init__(self) -> None:
        self._inbox: deque[_Charge] = deque()
        self._charges: set[_Charge] = set()
        self._poll = select.poll()
        self._streams: dict[int, tuple[_Charge, str]] = {}
        self._waker, self._wake = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)
        self._poll.register(self._waker, select.POLLIN)
        threading.Thread(target=self._run, name="cgi-reaper", daemon=True).start()

    def end(self, program: Program) -> None:
        """SIGTERM to the program's group now, SIGKILL after a grace to what is left of it; then reap."""
        program.close("stdin")
        program.close("stdout")
        program.signal(signal.SIGTERM)
        self._take(_Charge(program, time.monotonic() + GRACE, _NEVER))

    def let_finish(self, program: Program, seconds: float) -> None:
        """Let the program work on, its output discarded and its stderr logged, for so many seconds; then end it."""
        program.close("stdin")
        self._take(_Charge(program, _NEVER, time.monotonic() + seconds))

    def _take(self, charge: _Charge) -> None:
        self._inbox.append(charge)
        with contextlib.suppress(BlockingIOError):  # full: it is awake anyway
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll(self._patience()):
                if descriptor == self._waker:
                    os.read(self._waker, 4096)
                elif descriptor in self._streams:
                    self._ready(descriptor, *self._streams[descriptor])
            while self._inbox:
                self._admit(self._inbox.popleft())
            now = time.monotonic()
            for charge in [*self._charges]:
                self._due(charge, now)

    def _patience(self) -> float | None:
        first = min((min(charge.kill_at, charge.end_at) for charge in self._charges), default=_NEVER)
        return max(0.0, first - time.monotonic()) * 1000 + 1 if first < _NEVER else None

    def _admit(self, charge: _Charge) -> None:
        self._charges.add(charge)
        for stream in ("exited", "stderr", "stdout"):
            descriptor = getattr(charge.program, stream)
            if descriptor >= 0:
                self._streams[descriptor] = (charge, stream)
                self._poll.register(descriptor, select.POLLIN)

    def _ready(self, descriptor: int, charge: _Charge, stream: str) -> None:
        program = charge.program
        if stream == "stderr" and program.log_stderr():
            return
        if stream == "stdout" and program.discard_stdout():
            return
        self._forget(descriptor)
        if stream == "exited":
            charge.exited = True
            if charge.kill_at == _NEVER:
                self._release(charge)
        else:
            program.close(stream)

    def _due(self, charge: _Charge, now: float) -> None:
        if now >= charge.kill_at:
            charge.program.signal(signal.SIGKILL)
            charge.kill_at = _NEVER
            if charge.exited:
                self._release(charge)
        elif now >= charge.end_at:
            charge.end_at, charge.kill_at = _NEVER, now + GRACE
            charge.program.signal(signal.SIGTERM)

    def _forget(self, descriptor: int) -> None:
        if self._streams.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def _release(self, charge: _Charge) -> None:
        for stream in ("exited", "stderr", "stdout"):
            self._forget(getattr(charge.program, stream))
        self._charges.discard(charge)
        charge.program.reap()


_reaper: tuple[int, Reaper] | None = None
_making = threading.Lock()


def reaper() -> Reaper:
    """The reaper of this process."""
    global _reaper  # noqa: PLW0603 (one per process, and processes fork)
    if _reaper is None or _reaper[0] != os.getpid():
        with _making:
            if _reaper is None or _reaper[0] != os.getpid():
                _reaper = (os.getpid(), Reaper())
    return _reaper[1]
