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

from .limits import GRACE, NEVER
from .program import Program


def part_with(program: Program, response_over: bool, seconds: float) -> None:
    """No response waits for the program any more; the caller must not touch it afterwards.

    A program that has ended and whose output is at its end is reaped; children that let go of its pipes, as a daemon
    does, live on. One that ended its response, and works on, may do so for `seconds`. Everything else is ended, with
    every child: one whose response failed or nobody wants, and children that hold the output of a program that ended.
    """
    if program.look() and not program.discard():
        program.reap()
    elif response_over and not program.ended:
        _reaper().let_finish(program, seconds)
    else:
        _reaper().end(program)


class _Charge:
    def __init__(self, program: Program, kill_at: float, end_at: float) -> None:
        self.program = program
        self.kill_at = kill_at  # its group has had SIGTERM, and is not to be forgotten before
        self.end_at = end_at  # it may work on until then


class _Reaper:
    """The thread. What is handed over belongs to it."""

    def __init__(self) -> None:
        self._inbox: deque[_Charge] = deque()
        self._charges: set[_Charge] = set()
        self._poll = select.poll()
        self._streams: dict[int, tuple[_Charge, str]] = {}
        self._waker, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._poll.register(self._waker, select.POLLIN)
        threading.Thread(target=self._run, name="cgi-reaper", daemon=True).start()

    def end(self, program: Program) -> None:
        """SIGTERM to the program's group now, SIGKILL after a grace to what is left of it; then reap."""
        program.signal(signal.SIGTERM)
        program.close("stdin")
        program.close("stdout")
        self._take(_Charge(program, time.monotonic() + GRACE, NEVER))

    def let_finish(self, program: Program, seconds: float) -> None:
        """Let the program work on, its output discarded and its stderr logged, for so many seconds; then end it."""
        program.close("stdin")
        self._take(_Charge(program, NEVER, time.monotonic() + seconds))

    def _take(self, charge: _Charge) -> None:
        self._inbox.append(charge)
        with contextlib.suppress(BlockingIOError):  # full: it is awake anyway
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll(self._milliseconds()):
                if descriptor == self._waker:
                    os.read(self._waker, 4096)
                elif descriptor in self._streams:
                    self._ready(descriptor, *self._streams[descriptor])
            while self._inbox:
                self._admit(self._inbox.popleft())
            now = time.monotonic()
            for charge in [*self._charges]:
                self._check_time(charge, now)

    def _milliseconds(self) -> float | None:
        first = min((min(charge.kill_at, charge.end_at) for charge in self._charges), default=NEVER)
        return max(0.0, first - time.monotonic()) * 1000 + 1 if first < NEVER else None

    def _admit(self, charge: _Charge) -> None:
        self._charges.add(charge)
        streams = ["stderr", "stdout"] if charge.program.ended else ["stderr", "stdout", "exited"]
        for stream in streams:
            descriptor = getattr(charge.program, stream)
            if descriptor >= 0:
                self._streams[descriptor] = (charge, stream)
                self._poll.register(descriptor, select.POLLIN)

    def _ready(self, descriptor: int, charge: _Charge, stream: str) -> None:
        program = charge.program
        if stream == "exited":
            if program.look():
                self._forget(descriptor)
                self._ended(charge)
        elif not (program.log_stderr() if stream == "stderr" else program.discard()):
            self._forget(descriptor)
            program.close(stream)

    def _ended(self, charge: _Charge) -> None:
        if charge.kill_at < NEVER:
            return  # its children have the rest of the grace; until then its number is kept from becoming another's
        if charge.program.discard() and charge.end_at < NEVER:
            self._end(charge)
        else:
            self._release(charge)

    def _check_time(self, charge: _Charge, now: float) -> None:
        if now >= charge.kill_at:
            charge.program.signal(signal.SIGKILL)
            charge.kill_at = NEVER
            if charge.program.ended:
                self._release(charge)
        elif now >= charge.end_at:
            self._end(charge)

    def _end(self, charge: _Charge) -> None:
        charge.program.signal(signal.SIGTERM)
        charge.end_at, charge.kill_at = NEVER, time.monotonic() + GRACE

    def _forget(self, descriptor: int) -> None:
        if self._streams.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def _release(self, charge: _Charge) -> None:
        for stream in ("exited", "stderr", "stdout"):
            self._forget(getattr(charge.program, stream))
        self._charges.discard(charge)
        charge.program.reap()


class _Home:
    """Where the reaper of this process lives. A fork has its parent's memory, but not its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reaper: _Reaper | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self._reaper = None

    def reaper(self) -> _Reaper:
        with self._lock:
            if self._reaper is None:
                self._reaper = _Reaper()
            return self._reaper


_reaper = _Home().reaper
