"""What both CGI hosts share: the options, which program answers a request, in what environment, and how many may run.

Knows requests as WSGI environs. It must not know how a server speaks to its applications, nor any loop.
"""

from __future__ import annotations

import atexit
import errno
import logging
import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from adapters.cgi_environ import Variables, arguments, inherited, meta_variables
from adapters.cgi_reaper import GRACE
from adapters.cgi_script import Refused, Script, Tree
from adapters.program import Program, spawn

log = logging.getLogger("gateways.cgi")

MAX_REDIRECTS = 5
LINGER = 1.0  # seconds of silence after which a program's children no longer keep its response open
SETTLE = 0.1  # seconds that a program which has closed its output gets to end, so that its exit status counts


class Timeouts(NamedTuple):
    """Seconds that a host waits; None waits for ever. After them the program is ended: a 504, or a cut response.

    `head` counts from the last octet of the request that the program took to the end of its head, `idle` from the last
    octet that moved either way after that (also when it is the client that does not read), `total` from the start.
    `queue` is how long a request waits for its turn while `limit` programs run; then it gets a 503.
    """

    head: float | None = 120.0
    idle: float | None = 300.0
    total: float | None = 3600.0
    queue: float | None = 10.0


DEFAULT_TIMEOUTS = Timeouts()


class ProgramFailed(RuntimeError):
    """The program's response cannot be completed; it was begun, so the connection has to be cut."""


class Slots:
    """At most `limit` programs at once; who comes later waits in line. Threads and loops can wait, each in its way."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lock = threading.Lock()
        self._line: deque[Callable[[], None]] = deque()

    def take(self, wake: Callable[[], None]) -> bool:
        """Take a slot, or stand in line: `wake` is then called, in any thread, once the slot is the caller's."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            self._line.append(wake)
            return False

    def leave(self, wake: Callable[[], None]) -> bool:
        """Leave the line; False when the slot had been given already and must be released."""
        with self._lock:
            if wake in self._line:
                self._line.remove(wake)
                return True
            return False

    def release(self) -> None:
        with self._lock:
            if not self._line:
                self._free += 1
                return
            wake = self._line.popleft()
        wake()


class CGIHost:
    """The programs below a folder (or one program) and the terms on which they run."""

    def __init__(  # noqa: PLR0913 (options, each by keyword)
        self,
        program: str | os.PathLike[str],
        *,
        prefix: str = "",
        env: Mapping[str, str] | None = None,
        inherit: Iterable[str] = (),
        authorization: bool = False,
        query_arguments: bool = False,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        limit: int = 64,
        max_body: int | None = 1 << 30,
        follow_symlinks: bool = False,
    ) -> None:
        if os.name != "posix":
            raise NotImplementedError("the CGI host needs POSIX: process groups, and pipes that can be polled")
        self.tree = Tree(program, prefix, follow_symlinks)
        self.timeouts = timeouts
        self.max_body = max_body
        self.slots = Slots(limit)
        self._base = inherited(os.environ, inherit)
        self._own = {os.fsencode(name): os.fsencode(value) for name, value in (env or {}).items()}
        self._root = self._own.get(b"DOCUMENT_ROOT", self.tree.root if self.tree.folder else None)
        self._authorization = authorization
        self._query_arguments = query_arguments
        self._running: set[Program] = set()
        self._ended = threading.Condition()
        atexit.register(_close, weakref.ref(self))

    def find(self, environ: Mapping[str, Any]) -> Script:
        """The program for a request. Raises Refused."""
        path = (environ.get("PATH_INFO") or "").encode("latin-1", "replace")
        return self.tree.find(path if path.startswith(b"/") or not path else b"/" + path)

    def body_length(self, environ: Mapping[str, Any]) -> int | None:
        """The octets of the request's body, None where it does not say. Raises Refused(413)."""
        text = environ.get("CONTENT_LENGTH") or ""
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise Refused(400, f"Content-Length is {text!r}; RFC 9110 (8.6) wants one decimal number")
        self.check_length(int(text))
        return int(text)

    def check_length(self, length: int) -> None:
        """Raises Refused(413) for a body that is too long."""
        if self.max_body is not None and length > self.max_body:
            raise Refused(413, f"the body has more than {self.max_body} octets")

    def start(self, environ: Mapping[str, Any], script: Script, stdin: bool) -> Program:
        """Start the program. The caller's slot is released when the program has been reaped. Raises Refused."""
        variables = self.variables(environ, script)
        words = arguments(environ["REQUEST_METHOD"], variables[b"QUERY_STRING"]) if self._query_arguments else []
        try:
            try:
                program = spawn([script.file, *words], variables, stdin)
            except OSError as error:
                if error.errno != errno.E2BIG or not words:
                    raise
                program = spawn([script.file], variables, stdin)  # RFC 3875, 4.4: all words, or none
        except OSError as error:
            raise _not_started(error, script) from error
        self._running.add(program)
        program.on_reaped = lambda: self._reaped(program)
        return program

    def variables(self, environ: Mapping[str, Any], script: Script) -> Variables:
        """The environment that the program gets for a request. Raises Refused."""
        return self._base | meta_variables(environ, script, self._root, self._authorization) | self._own

    def _reaped(self, program: Program) -> None:
        program.on_reaped = None
        with self._ended:
            self._running.discard(program)
            self._ended.notify_all()
        self.slots.release()

    def close(self) -> None:
        """End every program that runs, with its children; blocks for at most half a second and a little."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for program in [*self._running]:
                program.signal(number)
            with self._ended:
                self._ended.wait_for(lambda: not self._running, GRACE)


def ended(status: int) -> str:
    """An exit status in words; below 0 it is a signal."""
    return f"ended with exit status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"


def _close(host: weakref.ref[CGIHost]) -> None:
    if (living := host()) is not None:
        living.close()


def _not_started(error: OSError, script: Script) -> Refused:
    name = os.fsdecode(script.file)
    if error.errno == errno.E2BIG:
        return Refused(431, f"{name}: the request's headers do not fit into an environment")
    if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return Refused(503, f"{name} cannot be started now: {error}", **{"Retry-After": "1"})
    hint = (
        "; does its first line name its interpreter, e.g. '#!/bin/sh'?"
        if error.errno in (errno.ENOEXEC, errno.ENOENT)
        else ""
    )
    return Refused(500, f"{name} cannot be run: {error}{hint}")
