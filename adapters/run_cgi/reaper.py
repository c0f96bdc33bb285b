"""The background thread that owns programs whose response has ended. It lets them finish or terminates them.

Knows processes, descriptors and the clock. It must not know requests or servers. Each process has one such thread for
all hosts. `ensure` starts the thread before the first program, and it sleeps in poll(). A fork of the process starts
its own thread. No exception ends the thread: if handling a program fails, the thread kills the program, and checks at
intervals whether the program has exited.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

from ..concurrency import forks
from .kills import OVERTIME, UNNEEDED, Kill
from .limits import GRACE, NEVER
from .log import log
from .polling import new_poll
from .program import Program

# Delay in seconds before the reaper continues after an error. After an error with one program, the reaper kills that
# program, and checks in this interval whether it has exited.
LOOK_AGAIN = 0.1


def pass_to_reaper(program: Program, response_over: bool, seconds: float, kill: Kill = UNNEEDED) -> None:
    """Pass a program to the thread when its response has ended or failed. The caller must no longer use the program.

    - If a fork of the server calls this for a program of its parent, the program is only forgotten.
    - If the program has exited and its output has ended, it is reaped.
    - If only its response has ended, the program and children that have its output open may continue for `seconds`.
      Their output is discarded.
    - If the response has failed, the program and its children are terminated. `kill` is the reason.

    In the second and third case, children that have closed stdout are not terminated. Their stderr is logged for
    `seconds`.
    """
    if not program.is_ours:
        program.abandon()
    elif program.look() and not program.discard():
        if program.log_stderr():
            _reaper().take_stderr(program, seconds)
        else:
            program.reap()
    elif response_over:
        _reaper().let_finish(program, seconds)
    else:
        _reaper().end(program, kill)


def ensure() -> None:
    """Start the thread, if it is not running. Raises OSError if no descriptor or thread is available."""
    _reaper()


class _Entry:
    """A program that pass_to_reaper() has passed to the thread.

    Its process group gets SIGTERM at `end_at`, and SIGKILL at `kill_at`. If `collected` is True, the program has been
    reaped, and its children's stderr is still being logged. If `broken` is True, handling the program has failed.
    """

    def __init__(self, program: Program, kill_at: float, end_at: float) -> None:
        self.program = program
        self.kill_at, self.end_at = kill_at, end_at
        self.collected = self.broken = False
        self.left_children = False  # the program has exited after its response, and children have its stdout open


class Reaper:
    """The thread. It owns the programs that pass_to_reaper() has passed to it."""

    def __init__(self) -> None:
        """Raises OSError if no descriptor or thread is available."""
        self._inbox: deque[_Entry] = deque()
        self._entries: set[_Entry] = set()
        self._poll = new_poll()
        self._streams: dict[int, tuple[_Entry, str]] = {}
        self._waker, self._wake = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)
        self._poll.register(self._waker, select.POLLIN)
        try:
            threading.Thread(target=self._run, name="cgi-reaper", daemon=True).start()
        except RuntimeError as error:
            self.close()
            raise OSError(errno.EAGAIN, str(error)) from error

    def close(self) -> None:
        """Close the descriptors. Call it if the thread does not exist: in a fork, or if it could not be started."""
        os.close(self._waker)
        os.close(self._wake)

    def end(self, program: Program, kill: Kill) -> None:
        """Send SIGTERM to the program's process group now, and SIGKILL after GRACE. Then reap the program."""
        program.terminate(kill)
        program.close("stdin")
        program.close("stdout")
        self._take(_Entry(program, time.monotonic() + GRACE, NEVER))

    def let_finish(self, program: Program, seconds: float) -> None:
        """Let the program and its children continue for `seconds`, then terminate them.

        Their output is discarded, and their stderr is logged.
        """
        program.close("stdin")
        entry = _Entry(program, NEVER, time.monotonic() + seconds)
        entry.left_children = program.ended
        if program.ended:
            log.info("%s: its response has ended, but other processes still have its output open", program.name)
        self._take(entry)

    def take_stderr(self, program: Program, seconds: float) -> None:
        """Reap the program, which has exited, and log its children's stderr for `seconds`."""
        entry = _Entry(program, NEVER, time.monotonic() + seconds)
        entry.collected = True
        program.collect()
        self._take(entry)

    def _take(self, entry: _Entry) -> None:
        self._inbox.append(entry)
        with contextlib.suppress(BlockingIOError):  # the pipe is full: the thread will wake up anyway
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        while True:
            try:
                self._handle_events()
            except Exception as error:
                log.error("error in the cgi-reaper thread, which continues to reap CGI programs: %r", error)
                time.sleep(LOOK_AGAIN)

    def _handle_events(self) -> None:
        """Wait for events of the programs, and handle the events."""
        ready = self._poll.poll(self._milliseconds())
        for descriptor, _ in ready:
            if descriptor == self._waker:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._waker, 4096)
            elif descriptor in self._streams:
                entry, stream = self._streams[descriptor]
                self._try(entry, self._ready, descriptor, stream)
        while self._inbox:
            entry = self._inbox.popleft()
            self._entries.add(entry)
            self._try(entry, self._watch)
        now = time.monotonic()
        for entry in [*self._entries]:
            self._try(entry, self._check_time, now)

    def _try(self, entry: _Entry, step: Callable[..., None], *arguments: object) -> None:
        """Call `step` for one program. If it fails, kill the program, and check at intervals whether it has exited."""
        try:
            step(entry, *arguments)
        except Exception as error:
            log.error("%s: killed, because handling it failed with %r", entry.program.name, error)
            entry.broken = True
            entry.end_at, entry.kill_at = NEVER, time.monotonic() + LOOK_AGAIN
            for descriptor in [each for each, (owner, _) in self._streams.items() if owner is entry]:
                self._forget(descriptor)

    def _milliseconds(self) -> float | None:
        first = min((min(entry.kill_at, entry.end_at) for entry in self._entries), default=NEVER)
        return max(0.0, first - time.monotonic()) * 1000 + 1 if first < NEVER else None

    def _watch(self, entry: _Entry) -> None:
        for stream in ("stderr",) if entry.collected else ("stderr", "stdout", "exited"):
            descriptor = getattr(entry.program, stream)
            if descriptor >= 0 and not (stream == "exited" and entry.program.ended):
                self._poll.register(descriptor, select.POLLIN)
                self._streams[descriptor] = (entry, stream)

    def _ready(self, entry: _Entry, descriptor: int, stream: str) -> None:
        program = entry.program
        if stream == "exited":
            if program.look():
                self._forget(descriptor)
                self._release_if_over(entry)
        elif stream == "stderr":
            if not program.log_stderr():
                self._close(entry, "stderr")
                if entry.collected:
                    self._drop(entry)
        elif not program.discard():
            self._close(entry, "stdout")
            self._release_if_over(entry)

    def _release_if_over(self, entry: _Entry) -> None:
        """Reap a program if it has exited and its output has ended. Children that have closed stdout may continue.

        After SIGTERM, the program is reaped only at the end of the grace period. Until then, no other process can get
        its process group number, and SIGKILL cannot hit another group.
        """
        program = entry.program
        if not program.ended or entry.kill_at < NEVER:
            return
        if program.stdout < 0:
            self._release(entry)
        elif program.killed is not None:  # a host that is being closed has sent SIGTERM
            entry.end_at, entry.kill_at = NEVER, time.monotonic() + GRACE

    def _check_time(self, entry: _Entry, now: float) -> None:
        program = entry.program
        if entry.broken:
            if now >= entry.kill_at:
                self._look_again(entry)
        elif now >= entry.kill_at:
            program.kill()
            entry.kill_at = NEVER
            if program.ended:
                self._release(entry)
        elif now >= entry.end_at:
            entry.end_at = NEVER
            if entry.collected:
                self._drop(entry)
            else:
                entry.kill_at = now + GRACE
                self._close(entry, "stdout")
                program.terminate(OVERTIME)

    def _look_again(self, entry: _Entry) -> None:
        entry.kill_at = time.monotonic() + LOOK_AGAIN
        entry.program.kill()
        if entry.collected or entry.program.look():
            entry.program.finish() if entry.collected else entry.program.reap()
            self._entries.discard(entry)

    def _release(self, entry: _Entry) -> None:
        """Reap the program. If its children have stderr open, continue to log it."""
        program = entry.program
        for stream in ("exited", "stdout"):
            self._forget(getattr(program, stream))
        if entry.left_children and program.discarded:
            log.warning(
                "%s: discarded %d bytes that background processes wrote after its response had ended",
                program.name,
                program.discarded,
            )
        program.collect()
        entry.collected = True
        if program.killed is not None or program.stderr < 0 or not program.log_stderr():
            self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        self._entries.discard(entry)
        self._forget(entry.program.stderr)
        entry.program.finish()

    def _close(self, entry: _Entry, stream: str) -> None:
        self._forget(getattr(entry.program, stream))
        entry.program.close(stream)

    def _forget(self, descriptor: int) -> None:
        if self._streams.pop(descriptor, None):
            self._poll.unregister(descriptor)


_lock = threading.Lock()
_started: list[Reaper] = []  # at most one in this process


@forks.in_child
def _forget_parents() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    while _started:
        _started.pop().close()


def _reaper() -> Reaper:
    with _lock:
        if not _started:
            _started.append(Reaper())
        return _started[0]
