"""WSGI applications as CGI programs. The request runs in the process's main thread, without a loop or other threads.

Knows PEP 3333, and when to close stdout. It must not know the CGI process (on_cgi/program.py), or the order of the
calls in a response (run_wsgi/response.py). It must not import asyncio, because a program without asyncio starts twice
as fast.
"""

from __future__ import annotations

import io
import os
import sys

from .errors import ClientDisconnected
from .mapping.responses import Head, head_to_cgi
from .on_cgi.program import FAILED, CGIChild, error_response
from .on_cgi.request import StdinBody
from .run_wsgi.response import FileWrapper, WSGIResponse, warn_of_dropped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import SIG_DFL, SIGTERM, signal
    from typing import Any

    from .on_cgi.request import Environ
    from .wsgi_types import ExcInfo, Item, Write, WSGIApp
else:
    from _signal import SIG_DFL, SIGTERM, signal  # `import signal` imports enum, which takes a tenth of the start time

_BLOCK = 64 * 1024  # size of one read of the request body, in bytes
_SPOOL = 1024 * 1024  # limit in bytes up to which a body of unknown length stays in memory


class WSGIToCGI(CGIChild):
    """A CGI program (RFC 3875) that runs a WSGI application (PEP 3333).

    Write `WSGIToCGI(app).run()` as the last line of the program.

    app: the WSGI application.
    script_name: the path at which clients see the application, e.g. "" for the whole site. Set it if the server's URL
        rewriting hides the program's own path. Without it, the adapter detects and undoes a rewriting that keeps the
        end of the path (`RewriteRule ^(.*)$ app.cgi/$1`).

    The environ contains the process's environment and `wsgi.*`. Reading `wsgi.input` stops at the end of the body
    (`wsgi.input_terminated`). Apache passes a chunked body without a length. The adapter spools such a body first, to
    find its length. The adapter writes each block when the application produces it. All other output to stdout is
    redirected to stderr.

    If the response is incomplete, the exit status is not 0. If an error occurs before the response headers, the client
    gets a 500; a later error truncates the response. The traceback is written to stderr. SIGTERM or a failed write
    means that the client has disconnected: the iterable is closed, and the process exits. When the response is
    complete, the client does not wait for the iterable's close().
    """

    def answer(self, environ: Environ, body: StdinBody, stdout: int) -> int:
        """Run the application for one request. Write the response to descriptor `stdout`. Return the exit status."""
        app: WSGIApp = self.app
        output = _Output(stdout, body, environ["REQUEST_METHOD"])
        signal(SIGTERM, output.terminate)
        try:
            environ.update(_wsgi_keys(environ, body))
            for item in output.response.answer(app, environ):
                output.put(item, len(item[1]))
        except BaseException as error:
            return output.failed(error)
        return 0

    def as_wsgi(self) -> Any:
        """Return the application for a local WSGI server."""
        return self.app


class _Output:
    """Writes the response to the server, and ends it."""

    def __init__(self, stdout: int, body: StdinBody, method: str) -> None:
        for fd in (body.stdin, stdout):
            os.set_blocking(fd, True)
        self.response = _Response(self.put, method, dropped=warn_of_dropped)
        self._stdout, self._body, self._method = stdout, body, method
        self._begun = self._complete = False
        self._status = 0  # exit status if the client has disconnected

    def put(self, item: Item, size: int) -> None:
        """Write an item of the response. Raises ClientDisconnected once the client has disconnected."""
        if self._complete:
            return  # a response that has no body is complete, but the application may still call write()
        head, block, last = item
        if head is not None:
            block = _cgi_head(self.response.status, head) + block
            self._begun = True
        self._write(block)
        if last:
            self._end()

    def _write(self, block: bytes) -> None:
        if self._status:
            raise ClientDisconnected("the client has disconnected")
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._stdout, left) :]
        except ConnectionError as error:
            self._status = FAILED
            raise ClientDisconnected("the client has disconnected") from error

    def _end(self) -> None:
        """Close stdout to end the response, so the server need not wait until this process exits."""
        self._drain()
        self._complete = True
        os.close(self._stdout)
        self._body.close()

    def _drain(self) -> None:
        try:
            while self._body.must_be_read:
                self._body.read(_BLOCK)
        except ClientDisconnected:
            return  # the body has ended early, so no more data will arrive

    def terminate(self, number: int, frame: object) -> None:
        """Handle SIGTERM: the server has abandoned this request. Raises SystemExit if the response is incomplete."""
        signal(number, SIG_DFL)
        if not self._complete:  # some servers also send SIGTERM to a program that still runs after it closed stdout
            self._status = 128 + number
            sys.exit(self._status)

    def failed(self, error: BaseException) -> int:
        """Report the application's exception to the server and to stderr. Return the exit status."""
        if self._status:
            return self._status
        if isinstance(error, ClientDisconnected):
            print(error, file=sys.stderr)
            return FAILED
        from traceback import print_exception

        print_exception(error)
        if self._complete:
            return 0  # the exit status describes the response
        if not self._begun:
            try:
                self._write(error_response("500 Internal Server Error", self._method))
            except ClientDisconnected:
                return FAILED
        self._drain()
        return FAILED


class _Response(WSGIResponse):
    """A response that keeps the application's own reason phrase."""

    status = ""

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None) -> Write:
        write = super().start_response(status, headers, exc_info)
        self.status = status
        return write


def _cgi_head(status: str, head: Head) -> bytes:
    return head_to_cgi(status, [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers])


def _wsgi_keys(environ: Environ, body: StdinBody) -> Environ:
    """Return the wsgi.* keys (PEP 3333, "environ Variables"). Spools a body of unknown length."""
    keys: Environ = {
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }
    if not body.more:
        keys["wsgi.input"] = io.BytesIO()
    elif body.length is not None:
        keys["wsgi.input"] = io.BufferedReader(_Input(body), _BLOCK)
    else:
        # Many applications (Django, Bottle, Falcon) ignore a body without CONTENT_LENGTH.
        from tempfile import SpooledTemporaryFile

        spool = keys["wsgi.input"] = SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 (deleted when the process exits)
        while block := body.read(_BLOCK):
            spool.write(block)
        keys["CONTENT_LENGTH"] = str(spool.tell())
        spool.seek(0)
        del environ["HTTP_TRANSFER_ENCODING"]  # the server has decoded it
    return keys


class _Input(io.RawIOBase):
    """`wsgi.input`, unbuffered."""

    def __init__(self, body: StdinBody) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        block = self._body.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)
