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
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from ..program import Program, log
from .interpreter import WarmInterpreter

MAX_PROGRAMS = 16  # that have an interpreter waiting; the one that was not asked for longest loses its own
MAX_ATTEMPTS = 5  # to keep an interpreter alive, and to find modules that it can import beforehand
PAUSE = 30.0  # seconds without one, after that many have died and none has served

_PYTHON = re.compile(r"python[0-9.]*[dt]?").fullmatch
_FLAG = re.compile(r"-[bBdEIOPqRsSuv]+|-X[\w=]+|-W[\w:.]+").fullmatch  # that say how, not what, to run
# A socket that is full, a request that is too large for it, descriptors that are used up: an interpreter survives that.
_NO_ROOM = frozenset(
    getattr(errno, name) for name in ["EAGAIN", "EMSGSIZE", "ENOBUFS", "ETOOMANYREFS", "EMFILE", "ENFILE", "ENOMEM"]
)
Variables = Mapping[bytes, bytes]


def interpreter_of(file: bytes, path: str) -> list[str] | None:
    """The Python command in a program's first line, as the kernel and env(1) read it; None where it is another."""
    with open(file, "rb") as program:
        line = program.readline(256)
    if not line.startswith(b"#!") or not line.endswith(b"\n"):
        return None
    command, _, rest = os.fsdecode(line[2:]).strip().partition(" ")
    flags = [rest.strip()] if rest.strip() else []  # the kernel passes all of the rest as one
    if os.path.basename(command) == "env" and flags:
        command, *flags = flags[0].removeprefix("-S").split() if flags[0].startswith("-S") else flags
    if not _PYTHON(os.path.basename(command)) or not all(map(_FLAG, flags)):
        return None
    found = shutil.which(command, path=path)
    return [found, *flags] if found else None


class Warm:
    """The interpreters for the programs of one host. `names` are modules to import; without any, they are found."""

    def __init__(self, names: Sequence[str], environment: Variables) -> None:
        self._names = list(names)
        self._environment = environment
        self._path = os.fsdecode(environment.get(b"PATH", b""))
        self._programs: OrderedDict[bytes, _WarmProgram] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run a program warm; None where it is not Python, or no interpreter can be had for it."""
        with self._lock:
            if self._process != os.getpid():  # a fork: the interpreters are the parent's
                self._process = os.getpid()
                self._programs.clear()
            program = self._program(arguments[0])
        return program.start(arguments, variables, stdin)

    def _program(self, file: bytes) -> _WarmProgram:
        stamp = _stamp(file)
        program = self._programs.get(file)
        if program is None or program.stamp != stamp:
            if program is not None:
                program.close()
            command = interpreter_of(file, self._path)
            program = self._programs[file] = _WarmProgram(file, stamp, command, self._environment, self._names)
        self._programs.move_to_end(file)
        if len(self._programs) > MAX_PROGRAMS:
            self._programs.popitem(last=False)[1].close()
        return program

    def close(self) -> None:
        """End the interpreters, each when its programs have ended."""
        with self._lock:
            while self._programs:
                self._programs.popitem()[1].close()


def _stamp(file: bytes) -> tuple[int, ...]:
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode


class _WarmProgram:
    """One program: the interpreter that serves it, and the one that will, once its imports are done."""

    def __init__(
        self, file: bytes, stamp: tuple[int, ...], command: list[str] | None, environment: Variables, names: list[str]
    ) -> None:
        self.stamp = stamp
        self._name = os.fsdecode(file)
        self._file, self._command, self._environment = file, command, environment
        self._named = self._modules = names  # to import
        self._searching = not names
        self._excluded: set[str] = set()  # packages that cannot be imported beforehand
        self._serving: WarmInterpreter | None = None
        self._coming: WarmInterpreter | None = None
        self._searches = self._deaths = 0
        self._resting_until = 0.0
        self._has_served = False
        self._lock = threading.RLock()

    def start(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program | None:
        """Run the program; None where it must be run in the ordinary way."""
        with self._lock:
            self._look_for_news()
            while self._command and (self._deaths < MAX_ATTEMPTS or time.monotonic() >= self._resting_until):
                try:
                    if self._serving is None:
                        self._serving = WarmInterpreter(self._command, self._file, self._environment, self._named)
                    return self._serving.run(arguments, variables, stdin, self._report)
                except OSError as error:
                    if error.errno in _NO_ROOM:
                        return None
                    self._bury(error)
        return None

    def _report(self, interpreter: WarmInterpreter, kind: str, names: list[str]) -> None:
        """What came of a request: it ran ("status"), and needed "modules"; or it could not be run there ("cold")."""
        with self._lock:
            if kind == "cold" and interpreter is self._serving:  # a file that was read has changed
                interpreter.retire()
                self._serving, self._searching, self._searches = None, not self._named, 0
            elif kind == "modules" and self._searching:
                self._searching = False
                self._modules = names
                self._import_modules()
            elif kind == "status":
                self._deaths, self._has_served = 0, True
                self._searches = 0 if interpreter.imports else self._searches

    def _bury(self, error: OSError) -> None:
        """The serving interpreter has died. Where none serves anything, another is not tried each time."""
        self._deaths += 1
        self._resting_until = time.monotonic() + PAUSE
        level = logging.WARNING if self._deaths == 1 and self._has_served else logging.INFO
        log.log(level, "%s: its warm interpreter has died (%s)", self._name, error)
        if self._serving is not None:
            self._serving.end()
        self._serving, self._searching = None, not self._named

    def _import_modules(self) -> None:
        """Have another interpreter import the modules; the serving one goes on meanwhile."""
        usable = [name for name in self._modules if name.partition(".")[0] not in self._excluded]
        self._searches += 1
        if self._coming is not None:
            self._coming.end()
            self._coming = None
        if usable and self._command and self._searches <= MAX_ATTEMPTS:
            try:
                self._coming = WarmInterpreter(self._command, self._file, self._environment, usable)
            except OSError as error:
                log.info("%s: its modules cannot be imported beforehand now: %s", self._name, error)

    def _look_for_news(self) -> None:
        if self._coming is None or not (news := self._coming.news()):
            return
        coming, self._coming = self._coming, None
        if news == "ready":
            if self._serving is not None:
                self._serving.retire()
            self._serving = coming
            return
        coming.end()
        log.info("%s: %s, when its modules were imported beforehand", self._name, news)
        kind, _, name = news.partition(" ")
        if kind == "spoilt":
            self._excluded.add(name.partition(".")[0])
            self._import_modules()

    def close(self) -> None:
        """End the interpreters, each when its programs have ended."""
        with self._lock:
            if self._serving is not None:
                self._serving.retire()
            if self._coming is not None:
                self._coming.end()
            self._serving = self._coming = self._command = None
