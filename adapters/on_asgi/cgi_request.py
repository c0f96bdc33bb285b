"""One request of a CGI program on asyncio: passes the body to the program, and the response to the client.

Knows ASGI HTTP messages and asyncio tasks. It must not know the meaning of a path, a variable or a response header, and
it must not read a pipe. Programs are started in the loop's thread. A start takes a fraction of a millisecond, and
another thread would block the loop as well, because CPython holds the GIL during the start.
"""

from __future__ import annotations

import asyncio

from ..asgi_types import Message, Receive, Scope, Send
from ..errors import AppProtocolError, BadRequest, ClientDisconnected
from ..mapping.requests import Environ, environ_from_scope
from ..mapping.responses import status_line
from ..run_cgi.host import REDIRECTS, CGIHost, ProgramFailed
from ..run_cgi.kills import reason
from ..run_cgi.log import log
from ..run_cgi.on_loop import ProgramOnLoop
from ..run_cgi.output import Answer, CGIHead
from ..run_cgi.program import BLOCK
from ..run_cgi.script import Refused, Script
from ..run_cgi.spool import Spool
from .scopes import refusal
from .servers import supported

FAIR = 16  # number of blocks after which this task lets other tasks run, even if no operation had to wait
_OF_BODY = frozenset((b"content-length", b"content-type", b"transfer-encoding", b"expect"))
DRAIN = 5.0  # timeout in seconds for a client to send the rest of a body that the program does not read


class CGIRequest:
    """One request. It forwards the body to the program and the response to the client, and detects a disconnect."""

    def __init__(
        self, host: CGIHost, loop: asyncio.AbstractEventLoop, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._host, self._loop, self._scope, self._receive, self._send = host, loop, scope, receive, send
        self._running: ProgramOnLoop | None = None
        self._listener: asyncio.Task[None] | None = None
        self._first: Message | None = None  # the first message of the body
        self._spool: Spool | None = None
        self._body_over = self._loop.create_future()
        self._length = 0  # CONTENT_LENGTH of the request
        self._started = False
        self._sent = 0  # bytes of the response body

    async def run(self) -> None:
        figures = self._host.figures
        try:
            self._host.admit()
            environ = environ_from_scope(self._scope, comma=", ")
            if server := self._scope.get("server"):
                environ["SERVER_ADDR"] = server[0]
            environ[REDIRECTS] = self._scope.get(REDIRECTS, 0)
            script: Script | None = self._host.find(environ)
            stdin = await self._await_body(environ)
            while script is not None:
                local = await self._answer(environ, script, stdin)
                if local is None:
                    return
                environ, script = self._host.redirect(environ, local)
                stdin = False
            await self._answer_elsewhere(environ)
        except BadRequest as error:
            await self._refuse(Refused(error.status, str(error)))
        except Refused as refused:
            await self._refuse(refused)
        except asyncio.CancelledError:
            figures.count("disconnects")
            raise
        except ClientDisconnected as error:
            figures.count("disconnects")
            log.info("%s %r: %s", self._scope["method"], self._scope.get("path"), error)
        finally:
            figures.count("bytes", self._sent)
            if self._listener is not None:
                self._listener.cancel()
            if self._spool is not None:
                self._spool.close()

    async def _await_body(self, environ: Environ) -> bool:
        """Wait for the start of the body, or for all of it if its length is unknown. Return True if there is a body."""
        length = self._host.body_length(environ)
        if length is not None:
            if length:
                self._first = await self._next()
            return length > 0
        if environ["SERVER_PROTOCOL"].startswith("HTTP/1.") and not self._is_coded():
            return False
        length = await self._collect()
        if length or environ["SERVER_PROTOCOL"].startswith("HTTP/1."):
            environ["CONTENT_LENGTH"] = str(length)
        return length > 0

    def _is_coded(self) -> bool:
        return any(name.lower() == b"transfer-encoding" for name, _ in self._scope.get("headers") or ())

    async def _collect(self) -> int:
        self._spool = Spool()
        length, more = 0, True
        while more:
            message = await self._next()
            length += self._spool.write(message.get("body", b""))
            self._host.check_length(length)
            more = message.get("more_body", False)
        self._spool.rewind()
        return length

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected("the client has disconnected")
        return message

    def _start_listening(self) -> None:
        if self._listener is None and self._running is not None:
            self._listener = self._loop.create_task(self._listen(self._running))

    async def _listen(self, running: ProgramOnLoop) -> None:
        """Forward the body, discard the unread rest, then wait for the disconnect. Runs in a separate task."""
        try:
            await (self._feed_spooled(running) if self._spool else self._feed(running, self._length))
            running.end_of_body()
            self._body_over.set_result(None)
            while True:
                await self._next()
        except Exception as error:
            if self._running is not None:
                self._running.fail(error)
        finally:
            if not self._body_over.done():
                self._body_over.set_result(None)

    async def _feed_spooled(self, running: ProgramOnLoop) -> None:
        while self._spool and (block := self._spool.read(BLOCK)):
            await running.write(block)

    async def _feed(self, running: ProgramOnLoop, length: int) -> None:
        message = self._first or await self._next()
        while True:
            block = message.get("body", b"")
            length -= len(block)
            await running.write(block)
            if not message.get("more_body", False):
                break
            message = await self._next()
        if length > 0:
            raise ClientDisconnected(f"the body ended {length} bytes before its Content-Length")

    async def _answer(self, environ: Environ, script: Script, stdin: bool) -> str | None:
        """Run the program and forward its response. If the response is a local redirect, return its target."""
        await self._take_slot()
        program = self._host.start(environ, script, stdin)
        running = self._running = ProgramOnLoop(self._loop, program, self._host.timeouts, self._start_listening)
        error: BaseException | None = None
        try:
            if stdin:
                self._length = int(environ["CONTENT_LENGTH"])
                running.attend()
            return await self._pass_on(running, Answer(environ["REQUEST_METHOD"]))
        except BaseException as failure:
            error = failure
            if isinstance(error, AppProtocolError):
                raise self._failed(502, running, error) from None
            if isinstance(error, TimeoutError):
                raise self._failed(504, running, error) from None
            raise
        finally:
            running.leave(error is None, reason(error))

    async def _answer_elsewhere(self, environ: Environ) -> None:
        """Call the host's `elsewhere` application to serve the target of a local redirect."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait((self._listener,))
        target: str = environ["REQUEST_URI"]
        path = (environ["SCRIPT_NAME"] + environ["PATH_INFO"]).encode("latin-1")
        scope = {
            **self._scope,
            "method": environ["REQUEST_METHOD"],
            "path": path.decode("utf-8", "replace"),
            "raw_path": target.partition("?")[0].encode("latin-1"),
            "query_string": environ["QUERY_STRING"].encode("latin-1"),
            "headers": [field for field in self._scope["headers"] if field[0].lower() not in _OF_BODY],
            REDIRECTS: environ[REDIRECTS],
        }
        begun = False

        async def receive() -> Message:
            nonlocal begun
            if not begun:
                begun = True
                return {"type": "http.request", "body": b"", "more_body": False}
            while (message := await self._receive())["type"] != "http.disconnect":
                pass  # discard the rest of the body
            return message

        await self._host.elsewhere(scope, receive, self._send)

    def _failed(self, status: int, running: ProgramOnLoop, error: Exception) -> Exception:
        text = f"{running.program.name}: {error}"
        if not self._started:
            return Refused(status, text)
        self._host.figures.count("errors")
        return ProgramFailed(text)

    async def _take_slot(self) -> None:
        free = self._loop.create_future()

        def grant() -> None:
            if not free.done():
                free.set_result(None)

        def wake() -> None:
            self._loop.call_soon_threadsafe(grant)

        taken = self._host.slots.take(wake)
        if taken is None:
            raise self._host.overloaded()
        if taken:
            return
        try:
            await asyncio.wait_for(free, self._host.timeouts.queue)
        except BaseException as error:
            self._host.slots.leave(wake)
            if isinstance(error, TimeoutError):
                raise self._host.overloaded() from None
            raise

    async def _pass_on(self, running: ProgramOnLoop, answer: Answer) -> str | None:
        body = b""
        while answer.head is None:
            body = answer.feed(await self._read(running, answer))
        running.head_seen()
        if answer.head.breaches:
            self._host.note(running.program, answer.head)
        if answer.head.local is not None:
            while await running.read():
                pass
            await running.settle()
            return answer.head.local
        if answer.bodiless:
            running.deadline.shorten(self._loop.time())
        await self._start(running, answer.head)
        blocks = 0
        while not answer.whole:
            if body:
                await running.send(self._send, {"type": "http.response.body", "body": body, "more_body": True})
                self._sent += len(body)
            data = await self._read(running, answer)
            body = answer.feed(data)
            if not data:
                break
            blocks += 1
            if not blocks % FAIR:
                await asyncio.sleep(0)
        await self._drain()
        await running.send(self._send, {"type": "http.response.body", "body": body, "more_body": False})
        self._sent += len(body)
        await running.settle()
        return None

    async def _drain(self) -> None:
        """Read the rest of the body, because many clients send the whole body before they read the response."""
        if self._length and not self._body_over.done():
            await asyncio.wait((self._body_over,), timeout=DRAIN)

    async def _read(self, running: ProgramOnLoop, answer: Answer) -> bytes:
        """Return the next output, b"" at the end. Raises AppProtocolError at the end of an incomplete response."""
        data = await running.read()
        if not data:
            returncode = await running.settle()
            running.program.log_exit()
            answer.end(returncode)
        return data

    async def _start(self, running: ProgramOnLoop, head: CGIHead) -> None:
        status, headers = supported(head.status, [(name.lower(), value) for name, value in head.headers])
        self._started = True
        await running.send(self._send, {"type": "http.response.start", "status": status, "headers": headers})

    async def _refuse(self, refused: Refused) -> None:
        """Send an error response in place of the program's response."""
        self._host.refused(self._scope["method"], self._scope.get("path") or "", refused)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in refused.headers.items()]
        to_head = self._scope["method"] == "HEAD"
        start, body = refusal(refused.status, status_line(refused.status), headers, to_head)
        await self._send(start)
        await self._drain()
        await self._send(body)
