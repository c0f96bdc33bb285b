"""WSGI applications as CGI programs: one request in this process's main thread, without a loop or another thread.

Knows PEP 3333 and when stdout is closed. What is special to a CGI process is on_cgi/program.py's matter, the order of a
response wsgi_response.py's. It must not import asyncio: a program that needs no loop starts twice as fast.
"""

from __future__ import annotations

import io
import os
import sys

from .errors import ClientDisconnected
from .mapping.responses import Head, head_to_cgi
from .on_cgi.program import FAILED, CGIChild, error_response
from .on_cgi.request import StdinBody
from .run_wsgi.response import FileWrapper, WSGIResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import SIG_DFL, SIGTERM, signal
    from typing import Any

    from .on_cgi.request import Environ
    from .wsgi_types import ExcInfo, Item, Write, WSGIApp
else:
    from _signal import SIG_DFL, SIGTERM, signal  # the module signal imports enum: a tenth of a small program's start

_BLOCK = 64 * 1024  # octets of the request's body that are read at a time
_SPOOL = 1024 * 1024  # octets of a body of unknown length that stay in memory


class WSGIToCGI(CGIChild):
    """A CGI program (RFC 3875) that is a WSGI application (PEP 3333): `WSGIToCGI(app).run()` is its last line.

    app: the WSGI application.
    script_name: the path that clients see the application at, where a server's rewriting hides the program's own, e.g.
        "" for the whole site. Without it, a rewriting that keeps the end of the path (`RewriteRule ^(.*)$ app.cgi/$1`)
        is seen and undone.

    The environ is the process's environment and `wsgi.*`; `wsgi.input` ends by itself (`wsgi.input_terminated`), and a
    chunked body, which Apache passes without a length, is spooled first, so that it has one. A block is written when it
    is made. What else goes to stdout arrives at stderr.

    A response that is not whole ends the process with a status that is not 0: an error before the head is a 500, one
    after it cuts the response off; the traceback goes to stderr. The client's leaving is SIGTERM or a failing write:
    the iterable is closed, and the process ends. What close() does once the response is complete holds up nobody.
    """

    def answer(self, environ: Environ, body: StdinBody, stdout: int) -> int:
        """Run the application for one request; write its response to descriptor `stdout`. Returns the exit status."""
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
        """The application for a local server that speaks WSGI."""
        return self.app


class _Output:
    """The response on its way to the server, and how it ends."""

    def __init__(self, stdout: int, body: StdinBody, method: str) -> None:
        for fd in (body.stdin, stdout):
            os.set_blocking(fd, True)
        self.response = _Response(self.put, method, may_warn=lambda: True)
        self._stdout, self._body, self._method = stdout, body, method
        self._begun = self._complete = False
        self._status = 0  # exit status of a process whose client has left

    def put(self, item: Item, size: int) -> None:
        """Write an item of the response. Raises ClientDisconnected once the client has left."""
        if self._complete:
            return  # write() is still called for a response without a body
        head, block, last = item
        if head is not None:
            block = _cgi_head(self.response.status, head) + block
            self._begun = True
        self._write(block)
        if last:
            self._end()

    def _write(self, block: bytes) -> None:
        if self._status:
            raise ClientDisconnected("the client has left")
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._stdout, left) :]
        except ConnectionError as error:
            self._status = FAILED
            raise ClientDisconnected("the client has left") from error

    def _end(self) -> None:
        """The response is complete, and the server need not wait for this process."""
        self._drain()
        self._complete = True
        os.close(self._stdout)
        self._body.close()

    def _drain(self) -> None:
        try:
            while self._body.must_be_read:
                self._body.read(_BLOCK)
        except ClientDisconnected:
            return  # then there is no more

    def terminate(self, number: int, frame: object) -> None:
        """SIGTERM: the server gives up on this request. Raises SystemExit in an application that has not answered."""
        signal(number, SIG_DFL)
        if not self._complete:  # some servers send it to whoever closes stdout and works on
            self._status = 128 + number
            sys.exit(self._status)

    def failed(self, error: BaseException) -> int:
        """What the application raised, told to the server and to stderr. Returns the exit status."""
        if self._status:
            return self._status
        if isinstance(error, ClientDisconnected):
            print(error, file=sys.stderr)
            return FAILED
        from traceback import print_exception

        print_exception(error)
        if self._complete:
            return 0  # the status speaks of the response
        if not self._begun:
            try:
                self._write(error_response("500 Internal Server Error", self._method))
            except ClientDisconnected:
                return FAILED
        self._drain()
        return FAILED


class _Response(WSGIResponse):
    """Keeps the status as the application spells it: the reason phrase is its own."""

    status = ""

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None) -> Write:
        write = super().start_response(status, headers, exc_info)
        self.status = status
        return write


def _cgi_head(status: str, head: Head) -> bytes:
    return head_to_cgi(status, [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers])


def _wsgi_keys(environ: Environ, body: StdinBody) -> Environ:
    """PEP 3333, "environ Variables". A body of unknown length is spooled, and CONTENT_LENGTH set."""
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
        # Many applications (Django, Bottle, Falcon) see no body without CONTENT_LENGTH.
        from tempfile import SpooledTemporaryFile

        spool = keys["wsgi.input"] = SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 (it ends with the process)
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
