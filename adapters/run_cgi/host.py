"""The common part of both CGI hosts (WSGI and ASGI): their options, and how they start a program for a request.

Knows requests as WSGI environs. It must not know how a server calls its applications, or any loop or thread.
"""

from __future__ import annotations

import atexit
import errno
import functools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..concurrency import forks
from ..errors import BadRequest
from ..mapping.lengths import content_length
from ..mapping.requests import Environ
from ..stats import WarningLimit
from . import reaper
from .environ import Variables, arguments, client_redirect, inherited, meta_variables, redirected
from .figures import CGIStats, Figures
from .kills import CLOSED, UNNEEDED, Kill
from .limits import DEFAULT_TIMEOUTS, GRACE, Slots, Timeouts
from .log import log
from .output import CGIHead
from .process import spawn
from .program import Program
from .refusals import Overloaded, log_refusal, not_started
from .script import Refused, Script, Tree
from .warm.programs import Warm

MAX_REDIRECTS = 5
MAX_NOTED = 1000  # maximum number of logged violations of RFC 3875; each violation is logged once
REDIRECTS = "gateways.local_redirects"  # key in an environ or scope: the number of local redirects so far


class ProgramFailed(RuntimeError):
    """A response cannot be completed. It is raised to the server, which then closes the connection."""


class CGIHost:
    """The programs below a folder, or one program, and the options under which they run.

    program: a folder or one executable file. A folder's programs are the executable files in it and in its subfolders.
        SCRIPT_NAME is the path up to the first segment that names a file, and PATH_INFO is the rest. If `program` is a
        file, its PATH_INFO is the whole path. "%2F" in a path is an ordinary slash. "." and ".." are resolved, and
        cannot lead out of the folder.
    prefix: path prefix under which the programs are found, e.g. "/cgi-bin". It is part of SCRIPT_NAME.
    env: variables for every program, which override all others. PATH_TRANSLATED starts with the variable DOCUMENT_ROOT,
        whose default is the folder.
    inherit: names of variables that programs also get from the current environment of this process. PATH,
        LD_LIBRARY_PATH, TZ, LANG, LANGUAGE and LC_* are always passed. No other variables are passed.
    authorization: pass HTTP_AUTHORIZATION, for programs that check it themselves (RFC 3875, 4.1.18 advises against it).
    query_arguments: pass the words of a query without "=" as arguments (4.4). A program that does not expect arguments
        may treat them as options or files.
    timeouts: timeouts in seconds, e.g. {"head": 30, "total": None}; Timeouts lists them.
    limit: number of programs that may run at once.
    queue: number of requests that may wait for a free slot. If the queue is full, a request gets a 503 with Retry-After
        immediately, before its body is read. Default: no limit.
    queue_timeout: seconds that a request may wait for a free slot before it gets a 503. Default: `queue` of `timeouts`.
    max_body: size limit of a request body in bytes. A longer body gets a 413. None for no limit.
    follow_symlinks: follow symbolic links that lead out of the folder. Links within it are always followed.
    chdir: working folder of every program. Default: the folder of each program (RFC 3875, 7.2). If set, `warm` has no
        effect.
    warm: run Python programs in forks of an interpreter that has already imported their libraries. A list contains
        names of the programs' own modules that this interpreter also imports, e.g. ["shop"]. Each run imports the
        program's other modules itself, and also libraries whose shared import would be visible to the program. The
        program still sees ordinary CGI, with the differences that docs/cgi.md lists. Changes to programs and modules
        are detected. Linux only. Programs in other languages are started normally.

    In three cases, a response is truncated, because it must not look complete: its program is killed by a signal, sends
    less than its Content-Length, or exits with status 70 (EX_SOFTWARE, which WSGIToCGI and ASGIToCGI use). Any other
    exit status is logged and does not affect the response, because programs that send complete pages exit with any
    status.

    A program's stderr and its errors are logged to "gateways.cgi".
    """

    def __init__(  # noqa: PLR0913 - each is an option
        self,
        program: str | os.PathLike[str],
        *,
        prefix: str = "",
        env: Mapping[str, str] | None = None,
        inherit: Iterable[str] = (),
        authorization: bool = False,
        query_arguments: bool = False,
        timeouts: Timeouts | Mapping[str, float | None] = DEFAULT_TIMEOUTS,
        limit: int = 64,
        queue: int | None = None,
        queue_timeout: float | None = None,
        max_body: int | None = 1 << 30,
        follow_symlinks: bool = False,
        chdir: str | os.PathLike[str] | None = None,
        warm: bool | str | Iterable[str] = False,
    ) -> None:
        if os.name != "posix":
            raise NotImplementedError("a CGI host needs POSIX: process groups and pollable pipes")
        self.timeouts = timeouts if isinstance(timeouts, Timeouts) else Timeouts(**timeouts)
        if queue_timeout is not None:
            self.timeouts = self.timeouts._replace(queue=queue_timeout)
        self.limit = limit
        self.queue = queue
        self.on_start: Callable[[Variables, Program], None] | None = None  # called for each program that was started
        self.elsewhere: Any = None  # app that serves local redirects to paths outside `prefix`; WSGI or ASGI, as self
        self._tree = Tree(program, prefix, follow_symlinks)
        self._host_variables = inherited(os.environ, inherit)
        self._own_variables = {os.fsencode(name): os.fsencode(value) for name, value in (env or {}).items()}
        self._root = self._own_variables.get(b"DOCUMENT_ROOT", self._tree.root if self._tree.is_folder else None)
        self._authorization = authorization
        self._query_arguments = query_arguments
        self._max_body = max_body
        self._chdir = None if chdir is None else os.path.abspath(os.fsencode(chdir))  # noqa: PTH100
        self._warm = None
        if self._chdir is not None and not os.path.isdir(self._chdir):  # noqa: PTH112
            raise NotADirectoryError(errno.ENOTDIR, "chdir is not a folder", os.fsdecode(self._chdir))
        if warm and self._chdir is None:
            names = [] if warm is True else [warm] if isinstance(warm, str) else list(warm)
            self._warm = Warm(names, self._host_variables | self._own_variables)
        self.figures = Figures()
        self._rejections = WarningLimit()
        self._noted: set[tuple[str, str]] = set()
        self._set_up()
        _hosts.add(self)

    def _set_up(self) -> None:
        """Reset the state: no program is running. Called when the host is created, and in a fork of this process."""
        self.slots = Slots(self.limit, self.queue)
        self._running: set[Program] = set()
        self._starting = 0  # number of programs that are being started
        self._closing = 0  # number of running calls to close()
        self._closed = False  # True when this process exits: then no more programs are started
        self._change = threading.Condition()

    def after_fork(self) -> None:
        """Forget the programs and their slots, because they belong to the parent of this fork."""
        for program in [*self._running]:
            program.abandon()
        self._set_up()

    def close(self) -> None:
        """Terminate all programs of this host and their children. Block until they have exited (about a second).

        Programs that are started during this time are also terminated. Requests that arrive later are served again.
        """
        forks.check()
        with self._change:
            self._closing += 1
        try:
            self._end_all()
        finally:
            with self._change:
                self._closing -= 1
        if self._warm is not None:
            self._warm.close()

    def close_for_good(self) -> None:
        """Terminate all programs, and refuse to start more, because this process exits."""
        self._closed = True
        self.close()

    def _end_all(self) -> None:
        for end in (lambda program: program.terminate(CLOSED), Program.kill):
            with self._change:
                self._change.wait_for(lambda: not self._starting, GRACE)
                for program in self._running:
                    end(program)
                self._change.wait_for(lambda: not self._running and not self._starting, GRACE)

    def stats(self) -> CGIStats:
        """Return this host's figures in this process. Thread-safe."""
        now = time.monotonic()
        with self._change:
            running = [*self._running]
            busy = len(running) + self._starting
        oldest = max((now - program.born for program in running), default=0.0)
        interpreters = self._warm.interpreters if self._warm is not None else 0
        return self.figures.stats(busy, self.slots.waiting, oldest, interpreters)

    def admit(self) -> None:
        """Count a request. Raises Overloaded if the queue is full."""
        self.figures.count("requests")
        if self.slots.is_full:
            raise self.overloaded()

    def overloaded(self) -> Overloaded:
        """Return the 503 for a request that gets no slot."""
        return Overloaded(f"the maximum number of running programs is reached: limit={self.limit}, queue={self.queue}")

    def refused(self, method: str, path: str, refusal: Refused) -> None:
        """Log a refusal, and count it if its status is 5xx. Overload is logged at most once a minute."""
        if isinstance(refusal, Overloaded):
            self.figures.count("rejected")
            if count := self._rejections.count():
                log.warning(
                    "%d requests got a 503: limit=%d programs were running; increase limit= or queue_timeout=",
                    *(count, self.limit),
                )
            return
        if refusal.status >= 500:
            self.figures.count("errors")
        log_refusal(method, path, refusal)

    def find(self, environ: Mapping[str, Any]) -> Script:
        """Return the program for a request. Raises Refused if no program can serve it."""
        return self._tree.find(_path(environ))

    def redirect(self, environ: Environ, local: str) -> tuple[Environ, Script | None]:
        """Return the request of a local redirect (RFC 3875, 6.2.2), and its program; None if `elsewhere` serves it.

        Raises Refused, e.g. with a 302 if the path is outside `prefix` and there is no `elsewhere`.
        """
        request = redirected(environ, local)
        request[REDIRECTS] = redirects = environ.get(REDIRECTS, 0) + 1
        if redirects > MAX_REDIRECTS:
            raise Refused(502, f"more than {MAX_REDIRECTS} local redirects in a row, probably a loop; last: {local}")
        if self._tree.reaches(_path(request)):
            return request, self.find(request)
        if self.elsewhere is None:
            raise client_redirect(local)
        return request, None

    def body_length(self, environ: Mapping[str, Any]) -> int | None:
        """Return the length of the request body in bytes; None if unknown.

        Raises Refused if it is invalid, or exceeds the limit.
        """
        text = environ.get("CONTENT_LENGTH") or ""
        if not text:
            return None
        try:
            length = content_length(text.split(","))
        except BadRequest as error:
            raise Refused(error.status, str(error)) from None
        self.check_length(length)
        return length

    def check_length(self, length: int) -> None:
        """Raise Refused if a body is too long."""
        if self._max_body is not None and length > self._max_body:
            raise Refused(413, f"the body is longer than max_body={self._max_body} bytes")

    def note(self, program: Program, head: CGIHead) -> None:
        """Log each violation of RFC 3875 that was accepted in a program's response headers, once per program."""
        for breach in head.breaches:
            noted = (program.name, breach)
            if noted not in self._noted and len(self._noted) < MAX_NOTED:
                self._noted.add(noted)
                log.warning("%s: %s; RFC 3875 (6) does not allow it (logged once)", program.name, breach)

    def start(self, environ: Mapping[str, Any], script: Script, stdin: bool) -> Program:
        """Start a program. Raises Refused if it cannot be started.

        The caller's slot is released when the program is reaped, or immediately if it cannot be started.
        """
        program = None
        forks.check()
        _warn_of_root()
        with self._change:
            self._starting += 1
        try:
            if self._closed:
                raise Refused(503, "this process is shutting down")
            variables = self._variables(environ, script)
            program = self._start(variables, environ, script, stdin)
            program.on_reaped = lambda: self._reaped(program)
            program.on_killed = self._killed
            self.figures.count("started")
        except BaseException:
            if program is None:
                self.slots.release()
            else:
                reaper.pass_to_reaper(program, False, 0, UNNEEDED)
            raise
        finally:
            with self._change:
                self._starting -= 1
                if program is not None:
                    self._running.add(program)
                    if self._closing:
                        program.terminate(CLOSED)
                self._change.notify_all()
        if self.on_start is not None:
            try:
                self.on_start(variables, program)
            except BaseException:
                reaper.pass_to_reaper(program, False, 0, UNNEEDED)
                raise
        return program

    def _start(self, variables: Variables, environ: Mapping[str, Any], script: Script, stdin: bool) -> Program:
        words: list[bytes] = []
        if self._query_arguments:
            words = arguments(environ["REQUEST_METHOD"], variables[b"QUERY_STRING"])
        try:
            reaper.ensure()
            try:
                return self._run([script.file, *words], variables, stdin)
            except OSError as error:
                if error.errno != errno.E2BIG or not words:
                    raise
                return self._run([script.file], variables, stdin)  # RFC 3875, 4.4: pass all words, or none
        except OSError as error:
            raise not_started(error, script) from error

    def _run(self, arguments: Sequence[bytes], variables: Variables, stdin: bool) -> Program:
        program = self._warm.start(arguments, variables, stdin) if self._warm is not None else None
        return program or spawn(arguments, variables, stdin, self._chdir)

    def _variables(self, environ: Mapping[str, Any], script: Script) -> Variables:
        of_request = meta_variables(environ, script, self._root, self._authorization)
        return self._host_variables | of_request | self._own_variables

    def _killed(self, kill: Kill) -> None:
        self.figures.count_kill(kill.name)

    def _reaped(self, program: Program) -> None:
        program.on_reaped = None
        with self._change:
            # Release the slot first: a host whose stats() report no busy program must accept a request.
            self.slots.release()
            self._running.discard(program)
            self._change.notify_all()


def _path(environ: Mapping[str, Any]) -> bytes:
    path: bytes = (environ.get("PATH_INFO") or "").encode("latin-1", "replace")
    return path if path.startswith(b"/") or not path else b"/" + path


@functools.cache
def _warn_of_root() -> None:
    if os.geteuid() == 0:
        log.warning("CGI programs run as root, because the server does; run the server as an unprivileged user")


_hosts: weakref.WeakSet[CGIHost] = weakref.WeakSet()


@atexit.register
def _close_for_good() -> None:
    forks.check()
    for host in [*_hosts]:
        host.close_for_good()


@forks.in_child
def _forget_parents() -> None:
    for host in [*_hosts]:
        host.after_fork()
