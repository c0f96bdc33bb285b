"""Give a WSGI application a socket for an ASGI server's WebSocket: one end of a socket pair in place of its client.

The application speaks RFC 6455 on the socket, in its own thread. The adapter acts as the client on the loop, between
the pair and ASGI WebSocket 2.5.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from ..asgi_types import Message, Receive, Scope, Send
from ..concurrency.loops import Loop, Task
from ..concurrency.outbox import Outbox
from ..concurrency.sockets import LoopSocket
from ..concurrency.thread_pool import Workers
from ..errors import harmless
from ..mapping.requests import Environ
from ..run_wsgi.response import WSGIResponse
from ..websocket.frames import CLOSE, NO_MASK, PING, PONG, MessageReader, encode, encode_close, encode_message
from ..websocket.handshake import Accepted, read_response
from ..wsgi_types import StartResponse, WSGIApp
from .lent_socket import lending_environ, lent_pair
from .messages import deliver, size_of
from .scopes import refusal

log = logging.getLogger("gateways.wsgi")

GRACE = 1.0  # delay between a disconnect and the shutdown of the application's socket, in seconds
_MAX_HEAD = 64 * 1024  # size limit of the application's 101 response, in bytes
_READ = 64 * 1024
_SHORT = 64 * 1024  # size of a denial that is collected before it is sent, in bytes
_ANY_SIZE = sys.maxsize  # size limit of a message from the application, which is trusted
_FULL, _FAILED, _TRY_AGAIN = 503, 1011, 1013


class _SocketUsed(Exception):
    """The application has accepted the WebSocket: its response to its server is meaningless."""


async def refuse_full(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket because the limit is reached."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": _TRY_AGAIN, "reason": "too many WebSockets"})
    for message in refusal(_FULL, "This process has reached its limit of WebSockets.", [(b"retry-after", b"5")]):
        await send({**message, "type": f"websocket.{message['type']}"})


class WebSocketBridge:
    """One WebSocket: run() on the loop, the application's call in a thread, and a socket pair between them."""

    def __init__(self, app: WSGIApp, loop: Loop, workers: Workers, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._loop, self._workers = app, loop, workers
        self._scope, self._receive, self._send = scope, receive, send
        self._outbox = Outbox(loop, workers)
        self._reader = MessageReader(from_client=False, max_message=_ANY_SIZE)
        self._accepted: bool | None = None  # None: not decided yet
        self._decided = threading.Lock()
        self._decided.acquire()
        self._status = ""  # the application's status in start_response()
        self._error: Exception | None = None
        self._abandoned = False  # no coroutine is left that could raise the error
        self._gone = False  # the client has disconnected; sending is not allowed
        self._sending = False
        self._pending = b""  # control frames that wait for the end of a message
        self._users = 0  # coroutines that may wait for the socket

    async def run(self, common: Environ, over: Callable[[], object]) -> None:
        """Serve the WebSocket. Raises the application's error; `over` is called when its thread is free again."""
        self._over = over
        try:
            ours, self._theirs = lent_pair()
            self._socket = LoopSocket(self._loop, ours)
            environ, self._key = lending_environ(self._scope, common, self._theirs)
            environ["waitress.client_disconnected"] = self._outbox.is_closed
            context = copy_context()
            self._workers.submit(context.copy().run, partial(self._call, environ))
        except BaseException:
            over()
            raise
        self._users = 1
        listener = self._loop.spawn(self._to_application, context)
        try:
            await self._serve()
        except OSError:  # from send(): the client has disconnected
            self._gone = True
        except BaseException:
            self._abandoned = True
            self._log_error()
            raise
        finally:
            self._outbox.close()
            self._decide(False)
            self._socket.shut_down()
            listener.cancel()
            self._leave()
        await self._finish(listener)

    async def _finish(self, listener: Task) -> None:
        await listener.ended()
        error, self._error = self._error, None
        self._abandoned = True
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame

    def _leave(self) -> None:
        """Release the socket; the last coroutine that may wait for it closes it."""
        self._users -= 1
        if not self._users:
            self._socket.close()

    # the application's thread

    def _call(self, environ: Environ) -> None:
        try:
            response = WSGIResponse(self._put, "GET")
            items = response.answer(partial(self._application, response), environ)
            self._outbox.end(*items)
        except BaseException as error:
            self._failed(error)
        finally:
            self._shut_theirs()
            self._theirs.close()
            self._outbox.end()
            self._over()

    def _application(self, response: WSGIResponse, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._status = status
            if status[:3] == "101":
                return response.write  # for the log of a server; an inner ASGIToWSGI reports 101 here
            return start_response(status, headers, exc_info)

        result = self._app(environ, start)
        if self._was_accepted():
            close = getattr(result, "close", None)
            if close is not None:
                close()
            raise _SocketUsed
        return result

    def _put(self, item: Any, size: int) -> None:
        if self._was_accepted():
            raise _SocketUsed
        self._outbox.put(item, size)

    def _was_accepted(self) -> bool:
        """End the application's use of the socket, and wait until the loop knows whether it accepted the WebSocket."""
        if self._accepted is None:
            self._shut_theirs()
            while not self._decided.acquire(timeout=0.5):
                if self._loop.closed():
                    return False
        return bool(self._accepted)

    def _shut_theirs(self) -> None:
        with suppress(OSError):  # the application may have closed it
            self._theirs.shutdown(socket.SHUT_WR)

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, _SocketUsed) or (self._outbox.closed and isinstance(error, OSError)):
            return
        if isinstance(error, (StopIteration, ConnectionError)) and self._was_accepted():
            return  # flask-sock and Engine.IO end this way after they have used a server's socket
        self._error = harmless(error)
        if self._abandoned:
            self._log_error()

    def _log_error(self) -> None:
        error, self._error = self._error, None  # its traceback holds this bridge
        if error is not None:
            log.error("the application failed after its WebSocket had ended", exc_info=error)

    # on the loop

    def _decide(self, accepted: bool) -> None:
        if self._accepted is None:
            self._accepted = accepted
            self._decided.release()

    async def _serve(self) -> None:
        accepted, rest = await self._handshake()
        if self._gone:
            return
        self._decide(accepted is not None)
        if accepted is None:
            return await self._deny()
        await self._send({"type": "websocket.accept", "subprotocol": accepted.subprotocol, "headers": accepted.headers})
        await self._to_client(rest)

    async def _handshake(self) -> tuple[Accepted | None, bytes]:
        """Read the application's response on the socket. Return it, and the data that follows it."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD:
            data = await self._socket.receive(_READ)
            if not data:
                return None, b""
            head += data
        head, _, rest = head.partition(b"\r\n\r\n")
        return read_response(head, self._key), rest

    async def _deny(self) -> None:
        """Send the application's response as the denial of the WebSocket.

        A short one is sent at once: uvicorn on websockets' older API loses blocks that come after the headers.
        """
        ended = sent = False
        may_respond = "websocket.http.response" in (self._scope.get("extensions") or {})
        waiting: list[Any] = []
        while not ended:
            items, ended = await self._outbox.get()
            waiting += items
            sent = sent or bool(items)
            if waiting and may_respond and (ended or size_of(waiting) >= _SHORT):
                await deliver(self._send_denial, waiting)
                waiting = []
        if sent and not may_respond:
            await self._send({"type": "websocket.close", "code": 1008, "reason": self._status})
        if not sent and self._error is None:
            self._error = RuntimeError("the application neither returned a response nor accepted its WebSocket")

    async def _send_denial(self, message: Message) -> None:
        await self._send({**message, "type": f"websocket.{message['type']}"})

    async def _to_client(self, data: bytes) -> None:
        """Forward the application's messages until it closes the WebSocket, or ends."""
        code, reason = 0, ""
        while not code:
            for event in self._reader.feed(data):
                if event.kind == CLOSE:
                    code, reason = 1000 if event.code == 1005 else event.code, str(event.data)
                    self._control(encode_close(event.code, "", NO_MASK))
                elif event.kind == PING:  # the server pings the client itself
                    self._control(encode(PONG, bytes(event.data), NO_MASK))  # type: ignore[arg-type]
                elif event.kind != PONG and not self._gone:
                    await self._send_message(event.data)
            if self._reader.failure is not None:
                log.error("the application broke RFC 6455 on its WebSocket: %s", self._reader.failure)
                code, reason = _FAILED, "Internal Server Error"
            if not code:
                data = await self._socket.receive(_READ)
                if not data:
                    break
        await self._thread_ended(GRACE)
        if not code:
            failed = self._error is not None or self._status[:1] == "5"
            code, reason = (_FAILED, "Internal Server Error") if failed else (1000, "")
        if not self._gone:
            self._gone = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _send_message(self, data: str | bytes) -> None:
        kind = "text" if isinstance(data, str) else "bytes"
        try:
            await self._send({"type": "websocket.send", kind: data})
        except OSError:  # ASGI WebSocket, "Disconnected Client - send exception"
            self._gone = True

    def _control(self, frame: bytes) -> None:
        """Send a control frame to the application without waiting: it may be waiting for this coroutine to read."""
        if self._sending or self._pending:
            self._pending += frame
        else:
            self._pending = frame[self._socket.send_now(frame) :]

    async def _thread_ended(self, seconds: float) -> None:
        """Wait until the application's call has returned, for at most this time."""
        waiter = self._loop.create_future()

        def resolve() -> None:
            if not waiter.done():
                waiter.set_result(None)

        async def ended() -> None:
            await self._outbox.ended()
            resolve()

        async def late() -> None:
            await self._loop.sleep(seconds)
            resolve()

        watchers = [self._loop.spawn(watch, copy_context()) for watch in (ended, late)]
        try:
            await waiter
        finally:
            for watcher in watchers:
                watcher.cancel()

    # the task beside it

    async def _to_application(self) -> None:
        """Forward the client's messages until it disconnects."""
        self._users += 1
        try:
            while True:
                message = await self._receive()
                kind = message["type"]
                if kind == "websocket.receive":
                    text = message.get("text")
                    await self._message(text if text is not None else message.get("bytes") or b"")
                elif kind == "websocket.disconnect":
                    return await self._disconnect(message)
        except OSError:
            pass  # the application has closed its socket; its end will be detected
        except Exception as error:  # from the server's receive()
            self._error = self._error or error
            self._disconnected()
        finally:
            self._leave()

    async def _message(self, data: str | bytes) -> None:
        self._sending = True
        try:
            pending, self._pending = self._pending, b""
            await self._socket.send(pending + encode_message(data, NO_MASK))
            while self._pending:
                pending, self._pending = self._pending, b""
                await self._socket.send(pending)
        finally:
            self._sending = False

    async def _disconnect(self, message: Message) -> None:
        self._gone = True
        if self._accepted:
            code = message.get("code", 1005)
            self._control(encode_close(code, message.get("reason") or "", NO_MASK))
            await self._loop.sleep(GRACE)
        self._disconnected()

    def _disconnected(self) -> None:
        self._gone = True
        self._outbox.close()
        self._socket.shut_down()
