"""CGI programs as a WSGI application.

Knows PEP 3333 and servers' extensions of it. It must not know the meaning of a path, a variable or a response header,
and it must not read a pipe.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from .errors import AppProtocolError, ClientDisconnected
from .mapping.requests import Environ
from .mapping.responses import status_line
from .on_wsgi.client import descriptor
from .on_wsgi.early_head import send_head
from .run_cgi.host import CGIHost, ProgramFailed
from .run_cgi.in_thread import Client, ProgramInThread
from .run_cgi.kills import reason
from .run_cgi.log import log
from .run_cgi.output import Answer, CGIHead
from .run_cgi.program import BLOCK
from .run_cgi.script import Refused, Script
from .run_cgi.spool import Spool

StartResponse = Callable[..., Any]

SOON = 0.05  # time in seconds to wait for the first body block, before the response headers are sent without it


class CGIToWSGI(CGIHost):
    """A WSGI application that runs a CGI program for each request (RFC 3875); see CGIHost for its options.

    The adapter reads the whole request body into memory or a temporary file, and then starts the program. The program
    therefore gets the body's length (4.2) even if the body was chunked, and never waits for a slow upload.

    The adapter terminates the program's whole process group on timeout, at `close`, and when the server closes the
    response early. While a program writes nothing, the adapter can detect a disconnect only on some servers: on servers
    that expose the connection (gunicorn, waitress, cheroot, werkzeug, wsgiref), and on servers that set
    `waitress.client_disconnected`. A program that has completed its response may continue until its total timeout.

    If the program fails before its response headers, the response is a 502, or a 504 for a timeout. If it fails later,
    the iterator raises ProgramFailed: otherwise the response would look complete.
    """

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        return respond(self, environ, start_response)


def respond(host: CGIHost, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request of a WSGI server by running a program of `host`."""
    try:
        host.admit()
        return _respond(host, dict(environ), start_response)
    except Refused as refusal:
        host.refused(environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "", refusal)
        return _refuse(environ, start_response, refusal)
    except ClientDisconnected as error:
        host.figures.count("disconnects")
        log.info("%s %r: %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"), error)
        # The client does not get this response. It only appears in the server's access log.
        return _refuse(environ, start_response, Refused(503, str(error)))


def _respond(host: CGIHost, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    script: Script | None = host.find(environ)
    client = Client(descriptor(environ), environ.get("waitress.client_disconnected"))
    body = _read_body(host, environ)
    while script is not None:
        response = _Response(host, environ, script, body, client)
        head = response.head()
        if head.local is None:
            try:
                write = start_response(f"{head.status} {head.reason}", _native(head))
                if response.waits():
                    send_head(write)
            except BaseException as error:
                response.fail(error)
                raise
            return response
        response.finish()
        body = None
        environ, script = host.redirect(environ, head.local)
    answer: Iterable[bytes] = host.elsewhere(environ | {"wsgi.input": io.BytesIO()}, start_response)
    return answer


def _read_body(host: CGIHost, environ: Environ) -> Spool | None:
    """Read the whole body and set CONTENT_LENGTH to its length. Return None if there is no body."""
    length = host.body_length(environ)
    coded = bool(environ.get("HTTP_TRANSFER_ENCODING"))
    if length is None and not environ.get("wsgi.input_terminated"):
        if coded:
            raise Refused(411, "the server does not report the end of the body (no wsgi.input_terminated)")
        return None
    if length == 0:
        return None
    spool = Spool()
    try:
        size = _fill(host, spool, environ["wsgi.input"], length)
        spool.rewind()
    except BaseException:
        spool.close()
        raise
    if length is not None or size or coded:
        environ["CONTENT_LENGTH"] = str(size)
    if size:
        return spool
    spool.close()
    return None


def _fill(host: CGIHost, spool: Spool, source: IO[bytes], length: int | None) -> int:
    size = 0
    while length is None or size < length:
        block = source.read(BLOCK if length is None else min(BLOCK, length - size))
        if not block:
            break
        size += spool.write(block)
        host.check_length(size)
    if length is not None and size < length:
        raise ClientDisconnected(f"the body ended {length - size} bytes before its Content-Length")
    return size


def _take_slot(host: CGIHost) -> None:
    free = threading.Event()
    taken = host.slots.take(free.set)
    if taken is None:
        raise host.overloaded()
    if taken:
        return
    granted = False
    try:
        granted = free.wait(host.timeouts.queue)
    finally:
        if not granted:
            host.slots.leave(free.set)
    if not granted:
        raise host.overloaded()


class _Response:
    """The response of one program: an iterable that the server closes."""

    def __init__(self, host: CGIHost, environ: Environ, script: Script, body: Spool | None, client: Client) -> None:
        self._host, self._body = host, body
        self._answer = Answer(environ["REQUEST_METHOD"])
        self._block = b""
        self._over = self._left = False
        self._opening = False  # the next block is empty, because no output has followed the response headers yet
        self._error: BaseException | None = None  # the error that ended the response
        try:
            _take_slot(host)
            program = host.start(environ, script, body is not None)
            self._running = ProgramInThread(program, host.timeouts, body, client)
        except BaseException:
            self._close_body()
            raise

    def head(self) -> CGIHead:
        """Wait for the response headers. On failure, release the program and raise Refused."""
        try:
            while self._answer.head is None:
                self._block = self._answer.feed(self._read())
        except (AppProtocolError, TimeoutError) as error:
            self.fail(error)
            status = 502 if isinstance(error, AppProtocolError) else 504
            raise Refused(status, f"{self._running.program.name}: {error}") from None
        except BaseException as error:
            self.fail(error)
            raise
        self._running.deadline.head_seen = True
        if self._answer.head.breaches:
            self._host.note(self._running.program, self._answer.head)
        if self._answer.bodiless:
            self._running.deadline.shorten(time.monotonic())
        return self._answer.head

    def waits(self) -> bool:
        """Return True if no body block arrives within SOON. The adapter then sends the headers alone, as Apache does.

        For this, the iterator first returns an empty block, because some servers send the headers with the first block.
        """
        self._opening = not self._block and not self._answer.whole and self._running.is_silent(SOON)
        return self._opening

    def finish(self) -> None:
        """Let the program finish, but discard its body, because only its response headers are needed."""
        try:
            while self._running.read():
                pass
            self._running.settle()
            self._over = True
            self.close()
        except TimeoutError as error:
            self.fail(error)
            raise Refused(504, f"{self._running.program.name}: {error}") from None
        except BaseException as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """Release the program because of an error."""
        self._error = error
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._running.sent()
        if self._opening:
            self._opening = False
            return b""
        try:
            while not self._block:
                if self._over or self._answer.whole:
                    raise StopIteration
                data = self._read()
                self._over = not data
                self._block = self._answer.feed(data)
        except (AppProtocolError, TimeoutError) as error:
            self._error = error
            self._host.figures.count("errors")
            raise ProgramFailed(f"{self._running.program.name}: {error}") from None
        except ClientDisconnected as error:
            self.fail(error)
            if self._running.client_is_gone():
                raise StopIteration from None  # waitress would log an exception as an error of the application
            raise
        except Exception as error:
            self._error = error
            raise
        block, self._block = self._block, b""
        self._host.figures.count("bytes", len(block))
        return block

    def _read(self) -> bytes:
        """Return the next output, b"" at the end. Raises AppProtocolError at the end of an incomplete response."""
        data = self._running.read()
        if not data:
            returncode = self._running.settle()
            self._running.program.log_exit()
            self._answer.end(returncode)
        return data

    def close(self) -> None:
        """Release the program. The server calls this at the end, and when the client has disconnected."""
        if not self._left:
            self._left = True
            over = self._over or (self._answer.whole and not self._block)
            left = self._error is None or isinstance(self._error, ClientDisconnected)
            if not over and self._answer.head is not None and left:  # respond() counts disconnects before the headers
                self._host.figures.count("disconnects")
            try:
                if over:
                    self._running.settle()
            finally:
                self._running.leave(over, reason(self._error))
                self._close_body()

    def _close_body(self) -> None:
        if self._body is not None:
            self._body.close()


def _native(head: CGIHead) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]


def _refuse(environ: Environ, start_response: StartResponse, refusal: Refused) -> Iterable[bytes]:
    """Return an error response in place of the program's response."""
    text = f"{status_line(refusal.status)}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response(status_line(refusal.status), headers + list(refusal.headers.items()))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]
