"""CGIToASGI: CGI programs as an ASGI application.

Knows ASGI events and asyncio tasks. It must not know what a path, a variable or a head means, nor read a pipe. A
program is started on the loop's own thread: CPython holds the GIL while it does so, and it takes a fraction of a millisecond.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from adapters.cgi_environ import redirected
from adapters.cgi_head import Answer, CGIHead
from adapters.cgi_host import MAX_REDIRECTS, SETTLE, CGIHost, ProgramFailed, ended, log
from adapters.cgi_on_loop import BLOCK, ProgramOnLoop
from adapters.cgi_script import Refused
from adapters.heads import AppProtocolError, status_line
from adapters.metavariables import BadRequest, Environ, environ_from_scope

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SPOOL = 1 << 20  # octets of a body without a length that stay in memory
DRAIN = 5.0  # seconds that a client gets to finish sending a body that the program did not want


class _ClientLeft(Exception):
    """Nobody waits for the response any more."""


class CGIToASGI(CGIHost):
    """An ASGI application that answers each request with a CGI program (RFC 3875).

    `program` is a folder of programs, or one program that gets every path as PATH_INFO. See `CGIHost` for the options.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        else:
            raise ValueError(f"CGIToASGI was given a scope of type {kind!r}; it answers 'http' and 'lifespan'")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _Client(self, receive, send, scope)
        try:
            environ = environ_from_scope(scope)
            script = self.find(environ)
            await client.begin(environ)
            for _ in range(MAX_REDIRECTS + 1):
                local = await client.answer(environ, script)
                if local is None:
                    return
                environ = redirected(environ, local)
                script = self.find(environ)
            raise Refused(502, f"more than {MAX_REDIRECTS} local redirects, the last to {local}")
        except BadRequest as error:
            await client.refuse(Refused(error.status, str(error)))
        except Refused as refusal:
            await client.refuse(refusal)
        except _ClientLeft:
            log.info("%s %s: the client left", scope["method"], scope.get("path"))
        finally:
            client.end()


class _Client:
    """One request: its body on the way to the program, the response on the way back, and whether the client left."""

    def __init__(self, host: CGIHost, receive: Receive, send: Send, scope: Scope) -> None:
        self._host = host
        self._receive = receive
        self._send = send
        self._scope = scope
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._first: Message | None = None
        self._spool: IO[bytes] | None = None
        self._has_body = False
        self._body_read = self._loop.create_future()
        self._left = False
        self._started = False
        self.run: ProgramOnLoop | None = None

    async def begin(self, environ: Environ) -> None:
        """Wait for the first of the body, or for all where its length is not known: a program must be told it."""
        length = self._host.body_length(environ)
        self._has_body = bool(length)
        if length is None and self._may_have_body():
            await self._collect(environ)
        elif length:
            self._first = await self._next()
        self._task = self._loop.create_task(self._attend())

    def _may_have_body(self) -> bool:
        if self._scope.get("http_version", "1.1") not in ("1.0", "1.1"):
            return True  # HTTP/2 and 3 need neither of the two headers
        return any(name.lower() == b"transfer-encoding" for name, _ in self._scope.get("headers") or ())

    async def _collect(self, environ: Environ) -> None:
        spool = self._spool = tempfile.SpooledTemporaryFile(max_size=SPOOL)  # noqa: SIM115 (closed by end)
        size, more = 0, True
        while more:
            message = await self._next()
            size += spool.write(message.get("body", b""))
            self._host.check_length(size)
            more = message.get("more_body", False)
        spool.seek(0)
        self._has_body = size > 0
        if size or self._scope.get("http_version") == "1.1":
            environ["CONTENT_LENGTH"] = str(size)

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        return message

    async def _attend(self) -> None:
        """Hand the body to the program, what it does not want to nobody; then wait for the client to leave."""
        try:
            if self._spool is not None:
                while block := self._spool.read(BLOCK):
                    await self._give(block)
            else:
                message = self._first or await self._next()
                while True:
                    if block := message.get("body", b""):
                        await self._give(block)
                    if not message.get("more_body", False):
                        break
                    message = await self._next()
            if self.run is not None:
                self.run.close_stdin()
            self._has_body = False
            self._body_read.set_result(None)
            while True:
                await self._next()
        except Exception as error:
            self._left = True
            if self.run is not None:
                self.run.fail(error)
        finally:
            if not self._body_read.done():
                self._body_read.set_result(None)

    async def _give(self, block: bytes) -> None:
        if self.run is not None:
            await self.run.write(block)

    async def answer(self, environ: Environ, script: Any) -> str | None:
        """Run the program and pass its response on; the target when that is a local redirect."""
        await self._slot()
        try:
            program = self._host.start(environ, script, self._has_body)
        except BaseException:
            self._host.slots.release()
            raise
        run = self.run = ProgramOnLoop(self._loop, program, self._host.timeouts)
        try:
            if self._left:
                raise _ClientLeft
            return await self._pass_on(run, Answer(environ["REQUEST_METHOD"]))
        except AppProtocolError as error:
            log.error("%s: %s", program.name, error)
            if self._started:
                raise ProgramFailed(f"{program.name}: {error}") from None
            raise Refused(502, str(error)) from None
        except TimeoutError as error:
            if self._started:
                raise ProgramFailed(f"{program.name}: {error}") from None
            raise Refused(504, f"{program.name}: {error}") from None
        finally:
            run.leave()

    async def _slot(self) -> None:
        slots, loop = self._host.slots, self._loop
        turn = loop.create_future()

        def granted() -> None:
            if not turn.done():
                turn.set_result(None)

        def wake() -> None:
            loop.call_soon_threadsafe(granted)

        if slots.take(wake):
            return
        try:
            await asyncio.wait_for(turn, self._host.timeouts.queue)
        except BaseException as error:
            if not slots.leave(wake):
                slots.release()
            if isinstance(error, TimeoutError):
                raise Refused(503, "too many programs run", **{"Retry-After": "5"}) from None
            raise

    async def _pass_on(self, run: ProgramOnLoop, answer: Answer) -> str | None:
        body = b""
        while answer.head is None:
            body = answer.feed(await self._read(run, answer))
        run.head_seen = True
        if answer.head.local is not None:
            while await run.read():
                pass
            run.finished = True
            return answer.head.local
        await self._start(run, answer.head)
        while not answer.whole:
            if body:
                await run.sending(self._send({"type": "http.response.body", "body": body, "more_body": True}))
                body = b""
            data = await self._read(run, answer)
            if not data:
                break
            body = answer.feed(data)
        if not self._body_read.done():  # many a client reads no response before it has sent all
            await asyncio.wait((self._body_read,), timeout=DRAIN)
        await run.sending(self._send({"type": "http.response.body", "body": body, "more_body": False}))
        run.finished = True
        await run.exit_status(SETTLE)
        return None

    async def _read(self, run: ProgramOnLoop, answer: Answer) -> bytes:
        """The next output; b"" at the end of a good response. Raises AppProtocolError at the end of another."""
        data = await run.read()
        if not data:
            status = await run.exit_status(SETTLE)
            if status:
                log.error("%s: %s", run.program.name, ended(status))
            answer.end()
            if status and status < 0:
                raise AppProtocolError(f"the program {ended(status)} in the middle of its response")
        return data

    async def _start(self, run: ProgramOnLoop, head: CGIHead) -> None:
        headers = [(name.lower(), value) for name, value in head.headers]
        self._started = True
        await run.sending(self._send({"type": "http.response.start", "status": head.status, "headers": headers}))

    async def refuse(self, refusal: Refused) -> None:
        """Answer in the program's place."""
        log.log(
            30 if refusal.status < 500 else 40, "%s %s: %s", self._scope["method"], self._scope.get("path"), refusal
        )
        text = f"{status_line(refusal.status)}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
        headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in refusal.headers.items()]
        await self._send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        body = b"" if self._scope["method"] == "HEAD" else text
        await self._send({"type": "http.response.body", "body": body})

    def end(self) -> None:
        """Let go of everything."""
        if self._task is not None:
            self._task.cancel()
        if self._spool is not None:
            self._spool.close()
