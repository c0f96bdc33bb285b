"""An application as a CGI program (RFC 3875): what is done around its one answer, and stdout for the response alone.

Knows this process, on POSIX: its descriptors, its exit status. It must not know how an application is called, and
imports little, because each request pays for it.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from fcntl import F_DUPFD_CLOEXEC, fcntl

from ..errors import BadRequest
from ..mapping.responses import NOT_WHOLE, head_to_cgi
from .request import StdinBody, request_environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .request import Environ

FAILED = NOT_WHOLE  # exit status of a program whose response is not whole


class CGIChild(ABC):
    """An application as a CGI program."""

    def __init__(self, app: Any, *, script_name: str | None = None) -> None:
        if not callable(app):
            raise TypeError(f"app={app!r} is not callable; a WSGI or ASGI application is")
        if script_name and (not script_name.startswith("/") or script_name.endswith("/")):
            raise ValueError(f"script_name={script_name!r} is no path to mount at; give '' or e.g. '/shop'")
        self.app = app
        self._script_name = script_name

    def run(self) -> None:
        """Answer this process's request: the last line of a program. Raises SystemExit if the answer is not whole."""
        if "GATEWAY_INTERFACE" not in os.environ and "REQUEST_METHOD" not in os.environ:
            from .command_line import run_locally

            return run_locally(self.run, self.as_wsgi)
        environ = request_environ(self._script_name)
        stdin, stdout = take_over()
        try:
            body = StdinBody(environ, stdin)
        except BadRequest as error:
            os.write(stdout, error_response("400 Bad Request", environ["REQUEST_METHOD"]))
            sys.exit(f"{error}")
        status = self.answer(environ, body, stdout)
        if status:
            sys.exit(status)

    @abstractmethod
    def answer(self, environ: Environ, body: StdinBody, stdout: int) -> int:
        """Run the application for one request; write its response to descriptor `stdout`. Returns the exit status."""

    @abstractmethod
    def as_wsgi(self) -> Any:
        """The application for a local server that speaks WSGI."""


def take_over() -> tuple[int, int]:
    """Take stdin and stdout from everybody else in this process and below it; returns their new descriptors.

    From now on descriptor 0 is empty, and what goes to descriptor 1 or to sys.stdout, also from C libraries and
    subprocesses, arrives at stderr: a stray print() is no part of the response.
    """
    null = os.open(os.devnull, os.O_RDWR)
    while null <= 2:  # a descriptor that the server left closed is open from now on
        null = os.dup(null)
    stdin, stdout = fcntl(0, F_DUPFD_CLOEXEC, 3), fcntl(1, F_DUPFD_CLOEXEC, 3)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    if sys.stderr is None:
        sys.stderr = open(2, "w", errors="backslashreplace")  # noqa: SIM115 (it ends with the process)
    if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes before what follows
    sys.stdout = sys.stderr
    return stdin, stdout


def error_response(status: str, method: str) -> bytes:
    """A whole response in the application's place."""
    text = f"{status}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    return head_to_cgi(status, headers) + (b"" if method == "HEAD" else text)
