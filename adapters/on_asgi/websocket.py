"""A WSGI application's WebSocket on an ASGI server: the application gets one end of a socket pair.

The application uses RFC 6455 on the socket, in its own thread. This module runs on the loop. It forwards messages
between ASGI WebSocket 2.5 and the other end of the pair (websocket_client.py). It must not know frames, or how the
application is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from ..asgi_types import Message, Receive, Scope, Send
from ..concurrency.loops import Loop, Task
from ..concurrency.sockets import LoopSocket
from ..concurrency.thread_pool import Workers
from ..mapping.requests import Environ
from ..websocket.frames import CLOSE, PING, PONG
from ..wsgi_types import WSGIApp
from .lent_socket import lending_environ, lent_pair
from .messages import deliver, size_of
from .scopes import refusal
from .websocket_call import WebSocketCall
from .websocket_client import SocketClient

log = logging.getLogger("gateways.wsgi")

GRACE = 1.0  # delay from a disconnect to the shutdown of the application's socket, in seconds
_SHORT = 64 * 1024  # size limit in bytes of a denial response that is sent in one message
_FULL, _FAILED, _TRY_AGAIN = 503, 1011, 1013


async def refuse_full(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket because the maximum number of WebSockets is reached."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": _TRY_AGAIN, "reason": "too many WebSockets"})
    for message in refusal(
        _FULL, "This server process has reached its maximum number of WebSockets.", [(b"retry-after", b"5")]
    ):
        await send({**message, "type": f"websocket.{message['type']}"})


class WebSocketBridge:
    """One WebSocket. run() runs on the loop, and the application in a thread. A socket pair connects them."""

    def __init__(self, app: WSGIApp, loop: Loop, workers: Workers, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._loop, self._workers = app, loop, workers
        self._scope, self._receive, self._send = scope, receive, send
        self._gone = False  # the client has disconnected: nothing may be sent
        self._users = 0  # number of coroutines that use the socket

    async def run(self, common: Environ, over: Callable[[], object]) -> None:
        """Serve the WebSocket. Raises the application's error. `over` is called when the thread is free again."""
        try:
            ours, theirs = lent_pair()
            self._socket = LoopSocket(self._loop, ours)
            self._client = SocketClient(self._socket)
            self._call = WebSocketCall(self._app, self._loop, self._workers, theirs)
            environ, key = lending_environ(self._scope, common, theirs)
            environ["waitress.client_disconnected"] = self._call.outbox.is_closed
            context = copy_context()
            self._workers.submit(partial(self._call.run, environ), over, context=context.copy())
        except BaseException:
            over()
            raise
        self._users = 1
        listener = self._loop.spawn(self._to_application, context)
        try:
            await self._serve(key)
        except OSError:  # from send(): the client has disconnected
            self._gone = True
        except BaseException:
            self._call.abandon()
            raise
        finally:
            self._call.outbox.close()
            self._call.decide(False)
            self._socket.shut_down()
            listener.cancel()
            self._leave()
        await self._finish(listener)

    async def _finish(self, listener: Task) -> None:
        await listener.ended()
        error = self._call.take_error()
        if error is not None:
            try:
                raise error
            finally:
                del error  # breaks a reference cycle with the traceback

    def _leave(self) -> None:
        """Release the socket. The last coroutine that releases it also closes it."""
        self._users -= 1
        if not self._users:
            self._socket.close()

    async def _serve(self, key: str) -> None:
        accepted = await self._client.handshake(key)
        if self._gone:
            return
        self._call.decide(accepted is not None)
        if accepted is None:
            return await self._deny()
        await self._send({"type": "websocket.accept", "subprotocol": accepted.subprotocol, "headers": accepted.headers})
        await self._to_client()

    async def _deny(self) -> None:
        """Send the application's response as the denial response of the WebSocket.

        A short response is sent in one message. Otherwise uvicorn with the legacy API of websockets would lose blocks
        that are sent after the headers.
        """
        ended = sent = False
        may_respond = "websocket.http.response" in (self._scope.get("extensions") or {})
        waiting: list[Any] = []
        while not ended:
            items, ended = await self._call.outbox.get()
            waiting += items
            sent = sent or bool(items)
            if waiting and may_respond and (ended or size_of(waiting) >= _SHORT):
                await deliver(self._send_denial, waiting)
                waiting = []
        if sent and not may_respond:
            await self._send({"type": "websocket.close", "code": 1008, "reason": self._call.status})
        if not sent and self._call.error is None:
            self._call.error = RuntimeError("the application neither returned a response nor accepted its WebSocket")

    async def _send_denial(self, message: Message) -> None:
        await self._send({**message, "type": f"websocket.{message['type']}"})

    async def _to_client(self) -> None:
        """Forward the application's messages until the application closes the WebSocket, or returns."""
        code, reason = 0, ""
        while not code:
            events = await self._client.receive()
            if events is None:
                break
            for event in events:
                if event.kind == CLOSE:
                    code, reason = 1000 if event.code == 1005 else event.code, str(event.data)
                    self._client.close(event.code)
                elif event.kind == PING:  # respond here: the server sends its own pings to the client
                    self._client.pong(bytes(event.data))  # type: ignore[arg-type]
                elif event.kind != PONG and not self._gone:
                    await self._send_message(event.data)
            if self._client.failure is not None:
                log.error("the application violated RFC 6455 on its WebSocket: %s", self._client.failure)
                code, reason = _FAILED, "Internal Server Error"
        await self._thread_ended(GRACE)
        if not code:
            failed = self._call.error is not None or self._call.status[:1] == "5"
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

    async def _thread_ended(self, seconds: float) -> None:
        """Wait at most `seconds` until the application's call has returned."""
        waiter = self._loop.create_future()

        def resolve() -> None:
            if not waiter.done():
                waiter.set_result(None)

        async def ended() -> None:
            await self._call.outbox.ended()
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

    # the concurrent task

    async def _to_application(self) -> None:
        """Forward the client's messages until the client disconnects."""
        self._users += 1
        try:
            while True:
                message = await self._receive()
                kind = message["type"]
                if kind == "websocket.receive":
                    text = message.get("text")
                    await self._client.send(text if text is not None else message.get("bytes") or b"")
                elif kind == "websocket.disconnect":
                    return await self._disconnect(message)
        except OSError:
            pass  # the application has closed its socket; _to_client() detects this
        except Exception as error:  # raised by the server's receive()
            self._call.error = self._call.error or error
            self._disconnected()
        finally:
            self._leave()

    async def _disconnect(self, message: Message) -> None:
        self._gone = True
        if self._call.accepted:
            code = message.get("code", 1005)
            self._client.close(code, message.get("reason") or "")
            await self._loop.sleep(GRACE)
        self._disconnected()

    def _disconnected(self) -> None:
        self._gone = True
        self._call.outbox.close()
        self._socket.shut_down()
