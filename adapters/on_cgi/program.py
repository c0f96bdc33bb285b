"""An application as a CGI program (RFC 3875): the set-up before the response, and the exit after it.

Knows this process, on POSIX: its descriptors and exit status. It must not know how an application is called. It imports
few modules, because they are imported again for each request.
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

FAILED = NOT_WHOLE  # exit status of a program whose response is incomplete


class CGIChild(ABC):
    """An application as a CGI program."""

    def __init__(self, app: Any, *, script_name: str | None = None) -> None:
        if not callable(app):
            raise TypeError(f"app={app!r} is not callable; expected a WSGI or ASGI application")
        if script_name and (not script_name.startswith("/") or script_name.endswith("/")):
            raise ValueError(f"script_name={script_name!r} is not a path to mount at; use '' or e.g. '/shop'")
        self.app = app
        self._script_name = script_name

    def run(self) -> None:
        """Serve this process's request. Call it in the last line of a program. Raises SystemExit if the response is
        incomplete, or if CONTENT_LENGTH is invalid.
        """
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
        """Run the application for one request. Write the response to descriptor `stdout`. Return the exit status."""

    @abstractmethod
    def as_wsgi(self) -> Any:
        """Return the application for a local WSGI server."""


def take_over() -> tuple[int, int]:
    """Reserve stdin and stdout for the adapter, in this process and its children. Return their new descriptors.

    After this call, descriptor 0 is an empty file. Output to descriptor 1 or sys.stdout goes to stderr, even if C
    libraries or child processes write it. So a forgotten print() does not become part of the response.
    """
    null = os.open(os.devnull, os.O_RDWR)
    while null <= 2:  # occupy the numbers of standard streams that the server has closed
        null = os.dup(null)
    stdin, stdout = fcntl(0, F_DUPFD_CLOEXEC, 3), fcntl(1, F_DUPFD_CLOEXEC, 3)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    if sys.stderr is None:
        sys.stderr = open(2, "w", errors="backslashreplace")  # noqa: SIM115 (closed when the process exits)
    if sys.stdout is not None:
        sys.stdout.flush()  # otherwise earlier output would appear after later output
    sys.stdout = sys.stderr
    return stdin, stdout


def error_response(status: str, method: str) -> bytes:
    """Return a complete error response in place of the application's response."""
    text = f"{status}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    return head_to_cgi(status, headers) + (b"" if method == "HEAD" else text)
