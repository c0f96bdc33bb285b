"""Python programs run warm: each by a fork of an interpreter that has imported already what the program needs.

Knows programs, their first lines and their modules. It must not know requests, servers or loops, nor how an
interpreter is spoken to. That is the one which the program's first line names, with its flags, in a process of its own:
this process never forks. Whatever cannot be run warm is run in the ordinary way.
"""

# pathlib knows no octets
# ruff: noqa: PTH116, PTH119
from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from ...concurrency import forks
from ..log import SafeLogger
from ..program import Program
from .interpreter import Wanted, WarmInterpreter

log = SafeLogger(logging.getLogger("gateways.cgi.warm"))

MAX_PROGRAMS = 16  # that have an interpreter waiting; the one that was not asked for longest loses its own
MAX_ATTEMPTS = 5  # to keep an interpreter alive
MAX_SEARCHES = 5  # interpreters that are started because a run imported more than the ones before
PAUSE = 30.0  # seconds without one, after that many have died and none has served, or after one could not import

_PYTHON = re.compile(r"python[0-9.]*[dt]?").fullmatch
_FLAG = re.compile(r"-[bBdEIOPqRsSu]+|-X[\w=]+|-W[\w:.]+").fullmatch  # that say how, not what, to run
# A socket that is full, a request that is too large for it, descriptors that are used up: an interpreter survives that.
_NO_ROOM = frozenset(
    getattr(errno, name) for name in ["EAGAIN", "EMSGSIZE", "ENOBUFS", "ETOOMANYREFS", "EMFILE", "ENFILE", "ENOMEM"]
)
Variables = Mapping[bytes, bytes]


def interpreter_of(file: bytes, path: str) -> list[str] | str:
    """The Python command in a program's first line, as the kernel and env(1) read it, or why it cannot be run warm.

    A command is the executable, then the words that it is started by: its name as the line has it, and flags.
    """
    try:
        with open(file, "rb") as program:
            line = program.readline(256)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if not line.startswith(b"#!") or not line.endswith(b"\n"):
        return "it has no first line that names Python"
    command, *rest = re.split(r"[ \t]+", os.fsdecode(line[2:-1]).strip(" \t"), maxsplit=1)
    if not command.startswith("/"):
        return f"its first line names {command!r}; an absolute path is wanted, e.g. '/usr/bin/env python3'"
    words = [command, *rest]  # the kernel passes all of the rest as one
    if os.path.basename(command) == "env" and rest:
        words = rest[0].removeprefix("-S").split() if rest[0].startswith("-S") else rest
    if not words or not _PYTHON(os.path.basename(words[0])):
        return f"its first line names {words[0] if words else command!r}, not Python"
    if unknown := [flag for flag in words[1:] if not _FLAG(flag)]:
        return f"its first line has the option {unknown[0]!r}"
    found = shutil.which(words[0], path=path)
    return [found, *words] if found else f"there is no {words[0]}"


class Warm:
    """The interpreters for the programs of one host. `named` are modules of the programs' own that all runs share."""

    def __init__(self, named: Sequence[str], environment: Variables) -> None:
        self._named = tuple(named)
        self._environment = environment
        self._path = os.fsdecode(environment.get(b"PATH", b""))
        self._programs: OrderedDict[bytes, _WarmProgram] = OrderedDict()
        self._lock = threading.Lock()
        _living.add(self)

    @property
    def interpreters(self) -> int:
        """How many interpreters there are."""
        return sum(program.interpreters for program in list(self._programs.values()))

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run a program warm; None where it is not Python, or no interpreter can be had for it."""
        with self._lock:
            program = self._program(arguments[0])
        return program.start(arguments, variables, stdin)

    def _program(self, file: bytes) -> _WarmProgram:
        stamp = _stamp(file)
        program = self._programs.get(file)
        if program is None or program.stamp != stamp:
            if program is not None:
                program.close()
            command = interpreter_of(file, self._path) if sys.platform == "linux" else "that needs Linux"
            program = self._programs[file] = _WarmProgram(file, stamp, command, self._environment, self._named)
        self._programs.move_to_end(file)
        if len(self._programs) > MAX_PROGRAMS:
            self._programs.popitem(last=False)[1].close()
        return program

    def close(self) -> None:
        """End the interpreters, each when its programs have ended."""
        with self._lock:
            while self._programs:
                self._programs.popitem()[1].close()

    def forget(self) -> None:
        """In a fork of this process: the interpreters are the parent's."""
        self._lock = threading.Lock()
        while self._programs:
            self._programs.popitem()[1].forget()


_living: weakref.WeakSet[Warm] = weakref.WeakSet()


@forks.in_child
def _forget_all() -> None:
    for warm in list(_living):
        warm.forget()


def _stamp(file: bytes) -> tuple[int, ...]:
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode


class _WarmProgram:
    """One program: the interpreter that serves it, and the one that will, once its imports are done."""

    def __init__(
        self,
        file: bytes,
        stamp: tuple[int, ...],
        command: list[str] | str,
        environment: Variables,
        named: tuple[str, ...],
    ) -> None:
        self.stamp = stamp
        self._name = os.fsdecode(file)
        self._file, self._environment = file, environment
        self._command = command if isinstance(command, list) else None
        self._wanted = Wanted(named)
        self._serving: WarmInterpreter | None = None
        self._coming: WarmInterpreter | None = None
        self._searches = self._deaths = 0
        self._resting_until = 0.0
        self._failed_at: float | None = None  # to import the libraries
        self._has_served = False
        self._lock = threading.RLock()
        if isinstance(command, str):
            log.info("%s runs cold: %s", self._name, command)

    @property
    def interpreters(self) -> int:
        """How many interpreters it has: one that serves it, one that will."""
        return (self._serving is not None) + (self._coming is not None)

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run the program; None where it must be run in the ordinary way."""
        with self._lock:
            self._look_for_news()
            while self._command and (self._deaths < MAX_ATTEMPTS or time.monotonic() >= self._resting_until):
                try:
                    if self._serving is None:  # at once, and the libraries after that
                        self._serving = self._interpreter(Wanted(self._wanted.named))
                        self._import(self._wanted)
                    return self._serving.run(arguments, variables, stdin, self._report)
                except OSError as error:
                    if error.errno in _NO_ROOM:
                        return None
                    self._bury(error)
        return None

    def _interpreter(self, wanted: Wanted) -> WarmInterpreter:
        assert self._command is not None
        return WarmInterpreter(self._command, self._file, self._environment, wanted)

    def _report(self, interpreter: WarmInterpreter, kind: str, names: list[str], variables: list[str]) -> None:
        """What came of a request: it ran ("status"), having imported "modules"; or a file has "changed"."""
        with self._lock:
            if kind == "changed" and interpreter is self._serving:
                log.info("%s or a module that it imports has changed: another interpreter is started", self._name)
                interpreter.retire()
                self._end_coming()
                self._serving, self._wanted, self._searches = None, Wanted(self._wanted.named), 0
            elif kind == "modules" and self._command:
                self._learn(names, variables)
            elif kind == "status":
                self._deaths, self._has_served = 0, True

    def _learn(self, names: list[str], variables: list[str]) -> None:
        """Have another interpreter import what is new; the serving one goes on meanwhile."""
        known = self._wanted
        wanted = Wanted(known.named, _with(known.libraries, names), _with(known.variables, variables))
        if self._coming is None and wanted != known and self._searches < MAX_SEARCHES:
            self._wanted = wanted
            self._searches += 1
            self._import(wanted)

    def _import(self, wanted: Wanted) -> None:
        if self._coming is None and wanted.libraries:
            try:
                self._coming = self._interpreter(wanted)
            except OSError as error:
                log.info("%s: no other interpreter can be started now: %s", self._name, error)
                self._failed_at = time.monotonic()

    def _look_for_news(self) -> None:
        if self._failed_at is not None and time.monotonic() - self._failed_at > PAUSE:
            self._failed_at = None
            self._import(self._wanted)
        if self._coming is None or not (news := self._coming.news()):
            return
        if not news.startswith("ready"):
            log.warning("%s runs without its libraries imported: %s", self._name, news)
            self._end_coming()
            self._failed_at = time.monotonic()
            return
        if self._serving is not None:
            self._serving.retire()
        self._serving, self._coming = self._coming, None
        left = "; ".join(news.split("\0")[1:])
        log.info(
            "%s runs warm%s", self._name, left and f"; each run imports for itself what does not bear sharing: {left}"
        )

    def _bury(self, error: OSError) -> None:
        """The serving interpreter has died. Where none serves anything, another is not tried each time."""
        news = self._serving.news() if self._serving is not None else ""
        if self._serving is not None:
            self._serving.end()
            self._serving = None
        if news.startswith("never "):
            self._command = None
            self._end_coming()
            log.info("%s runs cold: %s", self._name, news.removeprefix("never "))
            return
        self._deaths += 1
        self._resting_until = time.monotonic() + PAUSE
        level = logging.WARNING if self._deaths == 1 and self._has_served else logging.INFO
        log.log(level, "%s: its warm interpreter has died (%s)", self._name, error)
        if self._deaths == MAX_ATTEMPTS:
            log.warning("%s runs cold for %g seconds: %d warm interpreters died", self._name, PAUSE, MAX_ATTEMPTS)

    def _end_coming(self) -> None:
        if self._coming is not None:
            self._coming.end()
            self._coming = None

    def close(self) -> None:
        """End the interpreters, each when its programs have ended."""
        with self._lock:
            if self._serving is not None:
                self._serving.retire()
            self._end_coming()
            self._serving = self._command = None

    def forget(self) -> None:
        """In a fork of this process: they are the parent's."""
        for interpreter in (self._serving, self._coming):
            if interpreter is not None:
                interpreter.forget()


def _with(known: tuple[str, ...], new: Sequence[str]) -> tuple[str, ...]:
    return (*known, *(name for name in new if name not in known))
