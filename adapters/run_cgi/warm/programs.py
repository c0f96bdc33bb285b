"""Run Python programs warm: in forks of an interpreter that has already imported the libraries of the program.

Knows programs, their first lines and their modules. It must not know requests, servers or loops, or the protocol of an
interpreter. The first line of a program names the interpreter and its flags. The interpreter is a separate process, so
the server's process never forks. A program that cannot run warm is started "cold": as a new process.
"""

# pathlib does not support bytes
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
from .interpreter import Imports, WarmInterpreter

log = SafeLogger(logging.getLogger("gateways.cgi.warm"))

# Maximum number of programs with an interpreter. Above it, the least recently used interpreter is stopped.
MAX_PROGRAMS = 16
MAX_ATTEMPTS = 5  # number of consecutive failures of an interpreter before PAUSE
# Maximum number of times that an interpreter is replaced because a run imported new modules; reset when a file changes.
MAX_SEARCHES = 5
PAUSE = 30.0  # delay in seconds before the next interpreter, after MAX_ATTEMPTS failures or a failed import

_PYTHON = re.compile(r"python[0-9.]*[dt]?").fullmatch
_FLAG = re.compile(r"-[bBdEIOPqRsSu]+|-X[\w=]+|-W[\w:.]+").fullmatch  # flags that do not change which code Python runs
# Errors that do not mean that the interpreter has died: a full socket, a request that is too large, no free descriptor.
_NO_ROOM = frozenset(
    getattr(errno, name) for name in ["EAGAIN", "EMSGSIZE", "ENOBUFS", "ETOOMANYREFS", "EMFILE", "ENFILE", "ENOMEM"]
)
Variables = Mapping[bytes, bytes]


def interpreter_of(file: bytes, path: str) -> list[str] | str:
    """Return the Python command in a program's first line, as the kernel and env(1) read it.

    The command is a list: the path of the executable, its name as in the first line, and its flags. If the program
    cannot run warm, return the reason as a string.
    """
    try:
        with open(file, "rb") as program:
            line = program.readline(256)
    except OSError as error:
        return f"cannot read the program ({error.strerror})"
    if not line.startswith(b"#!") or not line.endswith(b"\n"):
        return "its first line does not name Python"
    command, *rest = re.split(r"[ \t]+", os.fsdecode(line[2:-1]).strip(" \t"), maxsplit=1)
    if not command.startswith("/"):
        return f"its first line names {command!r}; expected an absolute path, e.g. '/usr/bin/env python3'"
    words = [command, *rest]  # the kernel passes the rest of the line as one word
    if os.path.basename(command) == "env" and rest:
        words = rest[0].removeprefix("-S").split() if rest[0].startswith("-S") else rest
    if not words or not _PYTHON(os.path.basename(words[0])):
        return f"its first line names {words[0] if words else command!r}, not Python"
    if unknown := [flag for flag in words[1:] if not _FLAG(flag)]:
        return f"its first line has the option {unknown[0]!r}, which warm interpreters do not support"
    found = shutil.which(words[0], path=path)
    return [found, *words] if found else f"{words[0]} not found"


class Warm:
    """The interpreters for the programs of one host. `named`: the programs' own modules that all runs share."""

    def __init__(self, named: Sequence[str], environment: Variables) -> None:
        self._named = tuple(named)
        self._environment = environment
        self._path = os.fsdecode(environment.get(b"PATH", b""))
        self._programs: OrderedDict[bytes, _WarmProgram] = OrderedDict()
        self._lock = threading.Lock()
        _living.add(self)

    @property
    def interpreters(self) -> int:
        """The number of interpreters."""
        return sum(program.interpreters for program in list(self._programs.values()))

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run a program warm. Return None if it is not a Python program, or if no interpreter is available for it."""
        with self._lock:
            program = self._program(arguments[0])
        return program.start(arguments, variables, stdin)

    def _program(self, file: bytes) -> _WarmProgram:
        stamp = _stamp(file)
        program = self._programs.get(file)
        if program is None or program.stamp != stamp:
            if program is not None:
                program.close()
            command = interpreter_of(file, self._path) if sys.platform == "linux" else "warm programs need Linux"
            program = self._programs[file] = _WarmProgram(file, stamp, command, self._environment, self._named)
        self._programs.move_to_end(file)
        if len(self._programs) > MAX_PROGRAMS:
            self._programs.popitem(last=False)[1].close()
        return program

    def close(self) -> None:
        """Stop the interpreters. Each of them exits when its programs have ended."""
        with self._lock:
            while self._programs:
                self._programs.popitem()[1].close()

    def forget(self) -> None:
        """Forget the interpreters in a fork of this process, because they belong to the parent."""
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
    """One program, with the interpreter that serves it, and the next interpreter while it imports libraries."""

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
        self._imports = Imports(named)
        self._serving: WarmInterpreter | None = None
        self._next: WarmInterpreter | None = None
        self._searches = self._deaths = 0
        self._paused_until = 0.0
        self._failed_at: float | None = None  # time of a failed import of the libraries
        self._has_served = False
        self._lock = threading.RLock()
        if isinstance(command, str):
            log.info("%s runs cold: %s", self._name, command)

    @property
    def interpreters(self) -> int:
        """The number of the program's interpreters, from 0 to 2: the serving interpreter and the next interpreter."""
        return (self._serving is not None) + (self._next is not None)

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run the program. Return None if it must be started cold."""
        with self._lock:
            self._check_next()
            while self._command and (self._deaths < MAX_ATTEMPTS or time.monotonic() >= self._paused_until):
                try:
                    if self._serving is None:  # serve without libraries while the next interpreter imports them
                        self._serving = self._interpreter(Imports(self._imports.named))
                        self._import(self._imports)
                    return self._serving.run(arguments, variables, stdin, self._report)
                except OSError as error:
                    if error.errno in _NO_ROOM:
                        return None
                    self._died(error)
        return None

    def _interpreter(self, imports: Imports) -> WarmInterpreter:
        assert self._command is not None
        return WarmInterpreter(self._command, self._file, self._environment, imports)

    def _report(self, interpreter: WarmInterpreter, kind: str, names: list[str], variables: list[str]) -> None:
        """Handle a report.

        kind: "status" if the program has run, "modules" for the modules that it has imported, "changed" if a file has
        changed.
        """
        with self._lock:
            if kind == "changed" and interpreter is self._serving:
                log.info("%s or a module that it imports has changed: starting another interpreter", self._name)
                interpreter.retire()
                self._end_next()
                self._serving, self._imports, self._searches = None, Imports(self._imports.named), 0
            elif kind == "modules" and self._command:
                self._learn(names, variables)
            elif kind == "status":
                self._deaths, self._has_served = 0, True

    def _learn(self, names: list[str], variables: list[str]) -> None:
        """Start another interpreter, which imports the new modules. The serving interpreter serves until then."""
        known = self._imports
        imports = Imports(known.named, _with(known.libraries, names), _with(known.variables, variables))
        if self._next is None and imports != known and self._searches < MAX_SEARCHES:
            self._imports = imports
            self._searches += 1
            self._import(imports)

    def _import(self, imports: Imports) -> None:
        if self._next is None and imports.libraries:
            try:
                self._next = self._interpreter(imports)
            except OSError as error:
                log.info("%s: cannot start another interpreter now: %s", self._name, error)
                self._failed_at = time.monotonic()

    def _check_next(self) -> None:
        if self._failed_at is not None and time.monotonic() - self._failed_at > PAUSE:
            self._failed_at = None
            self._import(self._imports)
        if self._next is None or not (message := self._next.message()):
            return
        if not message.startswith("ready"):
            log.warning(
                "%s runs warm, but its interpreter has not imported the program's libraries: %s", self._name, message
            )
            self._end_next()
            self._failed_at = time.monotonic()
            return
        if self._serving is not None:
            self._serving.retire()
        self._serving, self._next = self._next, None
        left = "; ".join(message.split("\0")[1:])
        log.info("%s runs warm%s", self._name, left and f"; each run imports these modules itself: {left}")

    def _died(self, error: OSError) -> None:
        """Handle the death of the serving interpreter. The number of restarts without a served request is limited."""
        message = self._serving.message() if self._serving is not None else ""
        if self._serving is not None:
            self._serving.end()
            self._serving = None
        if message.startswith("never "):
            self._command = None
            self._end_next()
            log.info("%s runs cold: %s", self._name, message.removeprefix("never "))
            return
        self._deaths += 1
        self._paused_until = time.monotonic() + PAUSE
        level = logging.WARNING if self._deaths == 1 and self._has_served else logging.INFO
        log.log(level, "%s: its warm interpreter has died (%s)", self._name, error)
        if self._deaths == MAX_ATTEMPTS:
            log.warning(
                "%s runs cold for %g seconds, because %d warm interpreters died", self._name, PAUSE, MAX_ATTEMPTS
            )

    def _end_next(self) -> None:
        if self._next is not None:
            self._next.end()
            self._next = None

    def close(self) -> None:
        """Stop the interpreters. Each of them exits when its programs have ended."""
        with self._lock:
            if self._serving is not None:
                self._serving.retire()
            self._end_next()
            self._serving = self._command = None

    def forget(self) -> None:
        """Forget the interpreters in a fork of this process, because they belong to the parent."""
        for interpreter in (self._serving, self._next):
            if interpreter is not None:
                interpreter.forget()


def _with(known: tuple[str, ...], new: Sequence[str]) -> tuple[str, ...]:
    return (*known, *(name for name in new if name not in known))
