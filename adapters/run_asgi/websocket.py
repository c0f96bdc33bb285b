"""One WebSocket of an ASGI application, on its event loop (ASGI WebSocket 2.5): its events and their order.

A WebSocket begins as a request with a Desk for the server's thread. If the application denies the WebSocket, that
thread sends the denial, which is an HTTP response of Exchange. If the application accepts it, the WebSocket gets a
Connection on this loop. This module must not know the WSGI server.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from ..asgi_types import ASGIApp, Message, Scope
from ..concurrency.channels import HIGH_WATER
from ..concurrency.desk import Desk
from ..errors import AppProtocolError, ClientDisconnected
from ..websocket.connection import Connection
from .exchange import GRACE, Exchange
from .websocket_messages import accepting, closing, cost, disconnect, payload, received

log = logging.getLogger("gateways.asgi")

_DENIAL = ("websocket.http.response.start", "websocket.http.response.body")
_SERVER_ERROR, _LOST, _RESTART = 1011, 1006, 1012


class Limits(NamedTuple):
    """The limits that apply to a client."""

    max_message: int  # size of a message in bytes
    ping: float  # seconds between pings; 0 for no pings


class WebSocketExchange(Exchange):
    """One WebSocket. The server's thread reads `accepted` when its desk has an item."""

    def __init__(
        self,
        app: ASGIApp,
        scope: Scope,
        desk: Desk,
        *,
        limits: Limits,
        over: Callable[[], object],
        owner: object = None,
    ) -> None:
        """over: called once, when both the application and the connection have ended.

        owner: an object to keep alive until `over` is called.
        """
        super().__init__(app, scope, desk, [{"type": "websocket.connect"}], False, owner=owner)
        self.accepted = False
        self._limits, self._over = limits, over
        self._keys = [value for name, value in scope["headers"] if name == b"sec-websocket-key"]
        self._live: set[Any] = set()
        self._open: set[WebSocketExchange] = set()
        self._offered_protocols = tuple(scope["subprotocols"])
        self._connection: Connection | None = None
        self._attached: asyncio.Future[None] | None = None
        self._waiting = 0  # size of the received messages that the application has not taken yet
        self._closed = False  # the application has sent websocket.close
        self._left = False  # websocket.disconnect is queued for the application, or has been received
        self._ended = False

    def open_in(self, sockets: set[WebSocketExchange]) -> None:
        """Set the collection of accepted WebSockets. On acceptance, this object moves there from the set `live`."""
        self._open = sockets

    # the application's task

    async def _run(self, live: set[Any]) -> None:
        self._live = live
        code, reason = 1000, ""
        try:
            await self._app(self._scope, self._receive, self._send)
        except BaseException as error:  # also SystemExit and KeyboardInterrupt, which would end the loop
            code, reason = _SERVER_ERROR, "Internal Server Error"
            if self.accepted:
                self._failed_open(error)
            else:
                self._failed(error)
        else:
            if not (self.accepted or self.complete or self.desk.closed):
                self._failed(AppProtocolError("the application returned without accepting or closing the WebSocket"))
        finally:  # needed even if logging fails, because the server's thread waits for the end
            self.task = None
            self._gone = True
            live.discard(self)
            self.desk.end()
            if self._connection is not None:
                self._connection.close(code, reason)
            if self._connection is None or self._connection.ended.done():
                self._end()

    def _failed_open(self, error: BaseException) -> None:
        if self._left and ("Disconnect" in type(error).__name__ or isinstance(error, OSError)):
            return  # a normal end: frameworks raise this error when the client disconnects
        if self._cancelled and isinstance(error, asyncio.CancelledError):
            return
        self.tally.errors += 1
        log.error("the application failed in a WebSocket", exc_info=error)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._open.discard(self)
            self._over()

    async def _receive(self) -> Message:
        while not self._messages:
            if self._gone or self._left or (self.complete and not self.accepted):
                return disconnect(_LOST, "")
            await self._wait_to_receive()
        message = self._messages.popleft()
        if message["type"] == "websocket.disconnect":
            self._messages.append(message)  # further calls to receive() get the disconnect too
        elif message["type"] == "websocket.receive":
            self._waiting -= cost(message.get("text") or message.get("bytes") or "")
            if self._waiting < HIGH_WATER // 2 and self._connection is not None:
                self._connection.hold(False)
        return message

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self.accepted:
            return await self._send_open(kind, message)
        if kind in _DENIAL:
            return await self._deny({**message, "type": kind.removeprefix("websocket.")})
        if self.complete:
            raise AppProtocolError(f"the application sent {kind!r} after it had closed the WebSocket")
        if self.desk.ended:
            raise ClientDisconnected("the client has disconnected")
        if self.head is not None or kind not in ("websocket.accept", "websocket.close"):
            raise AppProtocolError(
                f"the application sent {kind!r}; the first message must be 'websocket.accept', 'websocket.close', or a"
                " response of 'websocket.http.response.start' and 'websocket.http.response.body'"
            )
        if kind == "websocket.accept":
            await self._accept(message)
        else:  # the WebSocket is not accepted yet: respond with 403 (ASGI WebSocket, "Close - send event")
            await super()._send({"type": "http.response.start", "status": 403, "headers": []})
            await super()._send({"type": "http.response.body", "body": b""})

    async def _deny(self, message: Message) -> None:
        """Send a denial response. It is an HTTP response with different message types ("Websocket Denial Response")."""
        try:
            await super()._send(message)
        except AppProtocolError as error:
            raise AppProtocolError(str(error).replace("http.response", "websocket.http.response")) from None

    async def _accept(self, message: Message) -> None:
        self._head_101 = accepting(message, self._keys[0].decode("latin-1"), self._offered_protocols)
        self._attached = asyncio.get_running_loop().create_future()
        self.accepted = self.complete = True
        self._live.discard(self)
        self._open.add(self)
        self.desk.put(b"", 0, last=True)  # the server's thread continues, and attaches the connection
        await self._attached

    async def _send_open(self, kind: str, message: Message) -> None:
        connection = self._connection
        if self._closed:
            raise AppProtocolError(f"the application sent {kind!r} after 'websocket.close'")
        if kind == "websocket.send":
            if connection is None or connection.is_closing:
                raise ClientDisconnected("the WebSocket is closed")  # ASGI WebSocket, "Send - send event"
            try:
                connection.send(payload(message))
            except UnicodeEncodeError as error:
                raise AppProtocolError(f"'websocket.send' has text that UTF-8 cannot encode: {error}") from None
            await connection.drain()
        elif kind == "websocket.close":
            code, reason = closing(message)
            self._closed = True
            if connection is not None:
                connection.close(code, reason)
            self._queue_disconnect(code, reason)
        else:
            raise AppProtocolError(f"the application sent {kind!r} to an accepted WebSocket; use 'websocket.send'")

    # called on the loop, posted by the server's thread

    def attach(self, sock: socket.socket, early: bytes) -> None:
        """Continue on the client's connection, which the server has released.

        `early` is data that the server has received after the handshake.
        """
        if self._ended:
            with sock, suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            return
        connection = self._connection = Connection(
            self._head_101,
            max_message=self._limits.max_message,
            ping=self._limits.ping,
            on_message=self._arrived,
            on_close=self._queue_disconnect,
        )
        connection.ended.add_done_callback(self._connection_ended)
        self._attaching = asyncio.get_running_loop().create_task(self._attach(connection, sock, early))

    async def _attach(self, connection: Connection, sock: socket.socket, early: bytes) -> None:
        try:
            await connection.attach(sock, early)
        except OSError as error:
            log.info("cannot use the connection of a WebSocket: %s", error)
            self.lose()
        if self.task is None or self._left:  # the WebSocket ended during attach()
            connection.close(_RESTART, "the server restarts")
        assert self._attached is not None
        if not self._attached.done():
            self._attached.set_result(None)

    def lose(self) -> None:
        """End the WebSocket, because its connection could not be taken over."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.ended.cancel()
        self._queue_disconnect(_LOST, "")
        if self._attached is not None and not self._attached.done():
            self._attached.set_result(None)
        if self.task is None:
            self._end()

    # the connection

    def _arrived(self, data: str | bytes) -> None:
        self._messages.append(received(data))
        self._waiting += cost(data)
        if self._waiting >= HIGH_WATER and self._connection is not None:
            self._connection.hold(True)
        self._wake_receivers()

    def _queue_disconnect(self, code: int, reason: str) -> None:
        """Queue websocket.disconnect for the application, after the messages that it has not taken yet."""
        if not self._left:
            self._left = True
            self._messages.append(disconnect(code, reason))
            self._wake_receivers()

    def _connection_ended(self, ended: asyncio.Future[None]) -> None:
        if not ended.cancelled() and self.task is None:
            self._end()

    # shutdown of the server

    def hang_up(self, patient: bool = False) -> None:
        """End the WebSocket. If it is accepted, close it with 1012. If not, report a disconnect to the application."""
        if self.accepted:
            if self._connection is not None:
                self._connection.close(_RESTART, "the server restarts")
            self._queue_disconnect(_RESTART, "the server restarts")
            if self.task is not None:
                asyncio.get_running_loop().call_later(GRACE, self.cancel)
        else:
            self._queue_disconnect(_LOST, "")
            super().hang_up(patient)

    async def end(self) -> None:
        """End the WebSocket at the server's shutdown. Wait at most GRACE + 1 seconds for application and client."""
        self.hang_up()
        waiting: list[asyncio.Future[None]] = [] if self.task is None else [self.task]
        connection = self._connection
        if connection is not None:
            waiting.append(connection.ended)
        if waiting:
            await asyncio.wait(waiting, timeout=GRACE + 1)
        if connection is not None:
            connection.abort()
