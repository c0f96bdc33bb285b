"""A WebSocket for a WSGI app: its socket, the messages (ASGI WebSocket 2.5), the limit, and the end.

Ours: no other adapter supports it. Apps use simple-websocket, and raw frames to violate the protocol.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import socket
import subprocess
import sys
import threading
from collections import deque
from typing import Any

import pytest
from simple_websocket import ConnectionClosed, Server

from gateways.adapters import ASGIToWSGI, WSGIToASGI
from gateways.adapters.websocket.frames import NO_MASK, PING, PONG, TEXT, MessageReader, encode, encode_close
from gateways.adapters.websocket.handshake import response_head
from tests.adapters.wsgi_to_asgi.contenders import is_ours
from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Event, Running
from tests.adapters.wsgi_to_asgi.serving import Serve, poll, scope_of
from tests.adapters.wsgi_to_asgi.test_scopes import WEBSOCKET

pytestmark = pytest.mark.skipif(not is_ours(), reason="no other adapter has WebSockets")

SCOPE = {**WEBSOCKET, "headers": [(b"host", b"example.test")]}
DENIAL: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}


class Peer:
    """An ASGI server's WebSocket; the test acts as the client."""

    def __init__(self, serve: Serve, adapter: Any, **scope: Any) -> None:
        self._loop = serve.loop
        self._events: deque[Any] = deque([{"type": "websocket.connect"}])
        self._event: Event | None = None
        self._sent: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.held: threading.Event | None = None  # send() waits for it
        self.breaks = False  # send() raises, as after a disconnect
        self.running: Running = serve.loop.start(lambda: adapter({**SCOPE, **scope}, self._receive, self._send))

    async def _receive(self) -> Any:
        while not self._events:
            self._event = self._loop.event()
            await self._event.wait()
        return self._events.popleft()

    async def _send(self, message: Any) -> None:
        if self.breaks:
            raise OSError("the client has left")
        self._sent.put(dict(message))

    def feed(self, **event: Any) -> None:
        """Make receive() return this event."""

        def arrive() -> None:
            self._events.append(event)
            if self._event is not None:
                self._event.set()

        self._loop.soon(arrive)

    def text(self, text: str) -> None:
        self.feed(type="websocket.receive", text=text)

    def leave(self, code: int = 1001, reason: str = "") -> None:
        self.feed(type="websocket.disconnect", code=code, reason=reason)

    def sent(self) -> dict[str, Any]:
        """Return the next sent message."""
        with contextlib.suppress(queue.Empty):
            while not self.running.ended.is_set():
                return self._sent.get(timeout=2 * PATIENCE)
        assert not self._sent.empty(), f"nothing was sent; the call raised {self.running.error!r}"
        return self._sent.get()

    def ended(self) -> BaseException | None:
        """Return the error of the adapter's finished call."""
        assert self.running.ended.wait(4 * PATIENCE), "the adapter's call has not ended"
        return self.running.error

    def nothing_sent(self) -> bool:
        return self._sent.empty()


def echo(environ: Any, start_response: Any) -> Any:
    ws = Server.accept(environ)
    with contextlib.suppress(ConnectionClosed):
        while True:
            ws.send(ws.receive())
    return []


def test_text_and_bytes_pass_in_both_directions(serve: Serve) -> None:
    """Ours."""
    peer = Peer(serve, serve.adapt(echo))
    assert peer.sent() == {"type": "websocket.accept", "subprotocol": None, "headers": []}
    for text in ("hello", "", "é" * 50_000):
        peer.text(text)
        assert peer.sent() == {"type": "websocket.send", "text": text}
    for data in (b"data", bytes(3_000_000)):
        peer.feed(type="websocket.receive", bytes=data, text=None)
        assert peer.sent() == {"type": "websocket.send", "bytes": data}
    peer.leave()
    assert peer.ended() is None


def test_the_environ_contains_the_handshake_and_the_socket(serve: Serve) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def look(environ: Any, start_response: Any) -> Any:
        seen.put(dict(environ))
        return echo(environ, start_response)

    headers = [
        (b"host", b"example.test"),
        (b"sec-websocket-key", b"the client's"),
        (b"sec-websocket-extensions", b"permessage-deflate"),
        (b"sec-websocket-version", b"13"),
        (b"connection", b"keep-alive"),
        (b"cookie", b"a=b"),
    ]
    peer = Peer(serve, serve.adapt(look), scheme="wss", path="/room", headers=headers, subprotocols=["one", "two"])
    environ = seen.get(timeout=PATIENCE)
    assert {key: environ[key] for key in ("REQUEST_METHOD", "PATH_INFO", "HTTP_COOKIE", "HTTP_HOST")} == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/room",
        "HTTP_COOKIE": "a=b",
        "HTTP_HOST": "example.test",
    }
    assert (environ["HTTP_UPGRADE"], environ["HTTP_CONNECTION"]) == ("websocket", "Upgrade")
    assert environ["HTTP_SEC_WEBSOCKET_KEY"] != "the client's"
    assert environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] == "one, two"
    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in environ
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["werkzeug.socket"] is environ["gunicorn.socket"]
    assert environ["wsgi.input"].read() == b""
    assert peer.sent()["type"] == "websocket.accept"
    peer.leave()
    assert peer.ended() is None


def test_accept_has_the_subprotocol_and_headers_of_the_apps_response(serve: Serve) -> None:
    """Ours."""

    def accepts(environ: Any, start_response: Any) -> Any:
        head = response_head(environ["HTTP_SEC_WEBSOCKET_KEY"], "two", [("Set-Cookie", "a=b"), ("Date", "today")])
        environ["gunicorn.socket"].sendall(head)
        return []

    peer = Peer(serve, serve.adapt(accepts), subprotocols=["one", "two"])
    assert peer.sent() == {"type": "websocket.accept", "subprotocol": "two", "headers": [(b"set-cookie", b"a=b")]}
    assert peer.sent() == {"type": "websocket.close", "code": 1000, "reason": ""}
    assert peer.ended() is None


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4001, "why")])
def test_the_apps_close_code_and_reason_are_passed_on(serve: Serve, code: int, reason: str) -> None:
    """Ours."""

    def closes(environ: Any, start_response: Any) -> Any:
        Server.accept(environ).close(code, reason)
        return []

    peer = Peer(serve, serve.adapt(closes))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent() == {"type": "websocket.close", "code": code, "reason": reason}
    assert peer.ended() is None


def test_the_clients_close_code_and_reason_reach_the_app(serve: Serve) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def notes(environ: Any, start_response: Any) -> Any:
        ws = Server.accept(environ)
        try:
            ws.receive()
        except ConnectionClosed as closed:
            seen.put((int(closed.reason), closed.message))
        return []

    peer = Peer(serve, serve.adapt(notes))
    assert peer.sent()["type"] == "websocket.accept"
    peer.leave(4002, "gone")
    assert seen.get(timeout=PATIENCE) == (4002, "gone")
    assert peer.ended() is None
    assert peer.nothing_sent()


def test_an_app_that_fails_after_accept_closes_with_1011_and_its_error_is_raised(serve: Serve) -> None:
    """Ours."""

    def fails(environ: Any, start_response: Any) -> Any:
        Server.accept(environ)
        raise LookupError("a fault of the app")

    peer = Peer(serve, serve.adapt(fails))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent()["code"] == 1011
    assert isinstance(peer.ended(), LookupError)


def closes_while_a_thread_reads(environ: Any) -> None:
    ws = Server.accept(environ)  # its thread waits in recv()
    ws.send("read on")
    while ws.receive() != "close":
        pass
    ws.sock.close()


def closes_a_socket_without_a_thread(environ: Any) -> None:
    accepted(environ).close()


def closes_after_its_last_file(environ: Any) -> None:
    sock = accepted(environ)
    with sock.makefile("rwb") as file:
        sock.close()
        file.write(encode(TEXT, b"from a file"))


def closes_beside_a_child_that_has_a_copy(environ: Any) -> None:
    sock = accepted(environ)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[sock.fileno()])
    CHILDREN.put(child)
    sock.close()


def shuts_down(environ: Any) -> None:
    Server.accept(environ).sock.shutdown(socket.SHUT_RDWR)


def shuts_down_its_sending_side(environ: Any) -> None:
    accepted(environ).shutdown(socket.SHUT_WR)


ENDS = [
    closes_while_a_thread_reads,
    closes_a_socket_without_a_thread,
    closes_after_its_last_file,
    closes_beside_a_child_that_has_a_copy,
    shuts_down,
    shuts_down_its_sending_side,
]
CHILDREN: queue.SimpleQueue[Any] = queue.SimpleQueue()


def accepted(environ: Any) -> Any:
    """Accept the WebSocket without a library, and return the socket."""
    sock = environ["werkzeug.socket"]
    sock.sendall(response_head(environ["HTTP_SEC_WEBSOCKET_KEY"], None, []))
    return sock


@pytest.mark.parametrize(
    ("ends", "stays"),
    [*((each, False) for each in ENDS), (ENDS[0], True)],
    ids=[*(each.__name__ for each in ENDS), "and stays"],
)
def test_an_app_that_ends_its_connection_without_a_close_frame_ends_the_clients_connection(
    serve: Serve, ends: Any, stays: bool
) -> None:
    """Ours: natively the client sees the end of its connection."""
    go_on = serve.gate("the app to go on")

    def app(environ: Any, start_response: Any) -> Any:
        ends(environ)
        if stays:
            go_on.wait()
        return []

    peer = Peer(serve, serve.adapt(app))
    assert peer.sent()["type"] == "websocket.accept"
    peer.text("close")
    try:
        while (message := peer.sent())["type"] == "websocket.send":
            pass
        assert message == {"type": "websocket.close", "code": 1000, "reason": ""}
        go_on.open()
        assert peer.ended() is None
    finally:
        while not CHILDREN.empty():
            CHILDREN.get().communicate()


def test_an_app_that_ends_its_connection_and_fails_closes_with_1011(serve: Serve) -> None:
    """Ours."""

    def fails(environ: Any, start_response: Any) -> Any:
        closes_while_a_thread_reads(environ)
        raise LookupError("a fault of the app")

    peer = Peer(serve, serve.adapt(fails))
    peer.text("close")
    assert [peer.sent()["type"], peer.sent()["type"]] == ["websocket.accept", "websocket.send"]
    assert peer.sent()["code"] == 1011
    assert isinstance(peer.ended(), LookupError)


def test_a_copy_of_the_socket_outlives_it(serve: Serve) -> None:
    """Ours: natively a WSGI app can continue with a copy in a thread of its own."""
    copies: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def hands_on(environ: Any, start_response: Any) -> Any:
        sock = accepted(environ)
        copies.put(sock.dup())
        sock.close()
        return []

    peer = Peer(serve, serve.adapt(hands_on))
    assert peer.sent()["type"] == "websocket.accept"
    with copies.get(timeout=PATIENCE) as copy:
        copy.sendall(encode(TEXT, b"still here"))
        assert peer.sent() == {"type": "websocket.send", "text": "still here"}
    assert peer.sent()["type"] == "websocket.close"
    assert peer.ended() is None


def test_a_500_of_a_framework_after_accept_is_1011(serve: Serve) -> None:
    """Ours."""

    def fails(environ: Any, start_response: Any) -> Any:
        Server.accept(environ)
        start_response("500 Internal Server Error", [])
        return [b"sorry"]

    peer = Peer(serve, serve.adapt(fails))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent()["code"] == 1011
    assert peer.ended() is None


@pytest.mark.parametrize("error", [StopIteration(), ConnectionError()])
def test_the_exceptions_of_websocket_libraries_at_the_end_are_not_errors(serve: Serve, error: Exception) -> None:
    """Ours: after the WebSocket, flask-sock raises StopIteration, and Engine.IO ConnectionError."""

    def leaves(environ: Any, start_response: Any) -> Any:
        Server.accept(environ).close()
        raise error

    peer = Peer(serve, serve.adapt(leaves))
    assert [peer.sent()["type"], peer.sent()["type"]] == ["websocket.accept", "websocket.close"]
    assert peer.ended() is None


def test_an_ordinary_response_of_the_app_becomes_the_denial(serve: Serve) -> None:
    """ASGI, "Websocket Denial Response"."""

    def denies(environ: Any, start_response: Any) -> Any:
        start_response("401 Unauthorized", [("WWW-Authenticate", "Basic")])
        yield b"who "
        yield b"are you?"

    peer = Peer(serve, serve.adapt(denies), **DENIAL)
    start = peer.sent()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"www-authenticate", b"Basic") in start["headers"]
    assert peer.sent() == {"type": "websocket.http.response.body", "body": b"who are you?", "more_body": False}
    assert peer.ended() is None


def test_a_denial_that_stops_before_its_end_is_not_complete(serve: Serve) -> None:
    """ASGI, "Websocket Denial Response": the last message has `more_body` False."""

    def fails(environ: Any, start_response: Any) -> Any:
        start_response("401 Unauthorized", [])
        yield b"who "
        raise LookupError("a fault of the app")

    peer = Peer(serve, serve.adapt(fails), **DENIAL)
    assert isinstance(peer.ended(), LookupError)
    messages = []
    while not peer.nothing_sent():
        messages.append(peer.sent())
    assert not any(
        message["type"] == "websocket.http.response.body" and not message["more_body"] for message in messages
    )


def test_a_denial_larger_than_any_buffer_is_streamed(serve: Serve) -> None:
    """Ours."""

    def writes(environ: Any, start_response: Any) -> Any:
        write = start_response("403 Forbidden", [])
        for _ in range(20):
            write(bytes(100_000))
        return []

    peer = Peer(serve, serve.adapt(writes), **DENIAL)
    assert peer.sent()["status"] == 403
    size, more = 0, True
    while more:
        message = peer.sent()
        size, more = size + len(message["body"]), message["more_body"]
    assert size == 2_000_000
    assert peer.ended() is None


def test_without_the_extension_a_denial_becomes_a_close(serve: Serve) -> None:
    """Ours."""

    def denies(environ: Any, start_response: Any) -> Any:
        start_response("404 Not Found", [])
        return [b"no"]

    peer = Peer(serve, serve.adapt(denies))
    assert peer.sent()["type"] == "websocket.close"
    assert peer.ended() is None


def test_an_error_before_accept_is_an_error_for_the_server(serve: Serve) -> None:
    """Ours."""

    def fails(environ: Any, start_response: Any) -> Any:
        raise LookupError("no such room")

    peer = Peer(serve, serve.adapt(fails), **DENIAL)
    assert isinstance(peer.ended(), LookupError)
    assert peer.nothing_sent()


def test_an_app_that_neither_accepts_nor_responds_is_an_error(serve: Serve) -> None:
    """Ours."""

    def nothing(environ: Any, start_response: Any) -> Any:
        raise StopIteration

    assert isinstance(Peer(serve, serve.adapt(nothing), **DENIAL).ended(), RuntimeError)


def test_a_wrong_accept_token_does_not_accept(serve: Serve) -> None:
    """Ours."""

    def wrong(environ: Any, start_response: Any) -> Any:
        environ["werkzeug.socket"].sendall(response_head("another key", None, []))
        start_response("400 Bad Request", [])
        return [b"?"]

    peer = Peer(serve, serve.adapt(wrong), **DENIAL)
    assert peer.sent()["status"] == 400
    assert peer.ended() is None


def test_pings_of_the_app_get_pongs(serve: Serve) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def pings(environ: Any, start_response: Any) -> Any:
        sock: socket.socket = environ["werkzeug.socket"]
        sock.sendall(response_head(environ["HTTP_SEC_WEBSOCKET_KEY"], None, []) + encode(PING, b"x"))
        reader = MessageReader(from_client=True, max_message=100)
        events: list[Any] = []
        while not events:
            events = reader.feed(sock.recv(100))
        seen.put(events[0])
        return []

    peer = Peer(serve, serve.adapt(pings))
    event = seen.get(timeout=PATIENCE)
    assert (event.kind, event.data) == (PONG, b"x")
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.ended() is None


def test_an_app_that_breaks_the_protocol_is_closed_with_1011(serve: Serve) -> None:
    """Ours."""

    def breaks(environ: Any, start_response: Any) -> Any:
        head = response_head(environ["HTTP_SEC_WEBSOCKET_KEY"], None, [])
        environ["werkzeug.socket"].sendall(head + encode(TEXT, b"\xff"))
        return []

    peer = Peer(serve, serve.adapt(breaks))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent()["code"] == 1011
    assert peer.ended() is None


def test_a_disconnect_before_the_apps_decision_ends_the_call(serve: Serve) -> None:
    """Ours."""
    left: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def waits(environ: Any, start_response: Any) -> Any:
        left.put(environ["werkzeug.socket"].recv(100))
        start_response("400 Bad Request", [])
        return []

    peer = Peer(serve, serve.adapt(waits))
    peer.leave()
    assert left.get(timeout=PATIENCE) == b""
    assert peer.ended() is None
    assert peer.nothing_sent()


def test_a_failing_send_counts_as_a_disconnect(serve: Serve) -> None:
    """Ours."""
    over: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def floods(environ: Any, start_response: Any) -> Any:
        ws = Server.accept(environ)
        assert ws.receive() == "go"
        try:
            while True:
                ws.send(bytes(10_000))
        except (ConnectionClosed, OSError):
            over.put(True)
        return []

    peer = Peer(serve, serve.adapt(floods))
    assert peer.sent()["type"] == "websocket.accept"
    peer.breaks = True
    peer.text("go")
    peer.leave()
    assert over.get(timeout=2 * PATIENCE)
    assert peer.ended() is None


def test_a_cancelled_call_closes_the_apps_socket(serve: Serve) -> None:
    """Ours."""
    over: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def waits(environ: Any, start_response: Any) -> Any:
        ws = Server.accept(environ)
        with contextlib.suppress(ConnectionClosed):
            ws.receive()
        over.put(True)
        return []

    peer = Peer(serve, serve.adapt(waits))
    assert peer.sent()["type"] == "websocket.accept"
    serve.loop.soon(peer.running.cancel)
    assert over.get(timeout=PATIENCE)
    assert peer.running.ended.wait(PATIENCE)


def test_an_app_that_ignores_its_socket_holds_only_its_thread(serve: Serve) -> None:
    """Ours: a thread cannot be interrupted, so the call ends without it, and its place is free when it returns."""
    go_on = serve.gate("the app to go on")
    calls = 0

    def ignores(environ: Any, start_response: Any) -> Any:
        nonlocal calls
        calls += 1
        Server.accept(environ)
        if calls == 1:
            go_on.wait()
        return []

    adapter = WSGIToASGI(ignores, websockets=1)
    first = Peer(serve, adapter, **DENIAL)
    assert first.sent()["type"] == "websocket.accept"
    first.leave()
    assert first.ended() is None
    refused = Peer(serve, adapter, **DENIAL)
    assert refused.sent()["status"] == 503
    assert refused.ended() is None
    go_on.open()
    poll(lambda: adapter._places.taken == 0, "the place to be free")
    again = Peer(serve, adapter, **DENIAL)
    assert again.sent()["type"] == "websocket.accept"
    assert again.ended() is None
    adapter.close()


def test_above_the_limit_and_without_the_extension_a_websocket_is_closed_with_1013(serve: Serve) -> None:
    """Ours."""
    adapter = WSGIToASGI(echo, websockets=1)
    first = Peer(serve, adapter)
    assert first.sent()["type"] == "websocket.accept"
    second = Peer(serve, adapter)
    assert second.sent() == {"type": "websocket.close", "code": 1013, "reason": "too many WebSockets"}
    first.leave()
    assert first.ended() is None
    adapter.close()


def test_a_refusal_with_websockets_0_names_the_option(serve: Serve) -> None:
    """Ours."""
    sent = Peer(serve, WSGIToASGI(echo, websockets=0)).sent()
    assert sent["type"] == "websocket.close"
    assert "websockets=0" in sent["reason"]


def test_websockets_do_not_use_the_threads_of_requests(serve: Serve) -> None:
    """Ours."""

    def app(environ: Any, start_response: Any) -> Any:
        if "werkzeug.socket" in environ:
            return echo(environ, start_response)
        start_response("200 OK", [])
        return [b"ok"]

    adapter = serve.adapt(app, threads=1)
    peers = [Peer(serve, adapter) for _ in range(5)]
    for peer in peers:
        assert peer.sent()["type"] == "websocket.accept"
    sent: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.put(message)

    request = serve.loop.start(lambda: adapter(scope_of(), receive, send))
    assert request.ended.wait(PATIENCE)
    assert (sent.get()["status"], sent.get()["body"]) == (200, b"ok")
    for peer in peers:
        peer.leave()
        assert peer.ended() is None


def test_the_app_waits_while_the_client_does_not_read(serve: Serve) -> None:
    """Ours."""
    sent = 0

    def floods(environ: Any, start_response: Any) -> Any:
        nonlocal sent
        ws = Server.accept(environ)
        with contextlib.suppress(ConnectionClosed, OSError):
            for _ in range(200):
                ws.send(bytes(50_000))
                sent += 1
        return []

    class Slow(Peer):
        async def _send(self, message: Any) -> None:
            await super()._send(message)
            if message["type"] == "websocket.send":
                await self._loop.event().wait()

    peer = Slow(serve, serve.adapt(floods))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent()["type"] == "websocket.send"
    poll(lambda: sent > 0, "the app to send")
    assert sent < 100
    serve.loop.soon(peer.running.cancel)
    assert peer.running.ended.wait(PATIENCE)
    poll(lambda: sent < 200, "the app to be stopped")


def test_context_variables_of_the_request_are_visible_in_the_app(serve: Serve) -> None:
    """Ours."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

    def tells(environ: Any, start_response: Any) -> Any:
        ws = Server.accept(environ)
        ws.send(user.get())
        ws.close()
        return []

    adapter = serve.adapt(tells)

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        user.set("mina")
        await adapter(scope, receive, send)

    peer = Peer(serve, middleware)
    assert [peer.sent()["type"], peer.sent().get("text")] == ["websocket.accept", "mina"]
    assert peer.ended() is None


def test_a_websocket_works_through_both_adapters() -> None:
    """ASGIToWSGI takes over the socket of WSGIToASGI, and the app's thread is free at once."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            raise NotImplementedError
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})

    import asyncio

    below = ASGIToWSGI(inner)
    sent: list[Any] = []

    async def main() -> None:
        events: asyncio.Queue[Any] = asyncio.Queue()
        events.put_nowait({"type": "websocket.connect"})
        arrived = asyncio.Event()

        async def send(message: Any) -> None:
            sent.append(message)
            arrived.set()

        task = asyncio.create_task(WSGIToASGI(below)(dict(SCOPE), events.get, send))
        await asyncio.wait_for(arrived.wait(), 10)
        arrived.clear()
        events.put_nowait({"type": "websocket.receive", "text": "through two"})
        await asyncio.wait_for(arrived.wait(), 10)
        events.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(task, 10)

    try:
        asyncio.run(main())
    finally:
        below.close()
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
    assert sent[1]["text"] == "through two"


@pytest.mark.parametrize("wrong", [-1, "10", None, True])
def test_the_option_websockets_must_be_a_number(wrong: Any) -> None:
    """Ours."""
    with pytest.raises(ValueError, match="websockets"):
        WSGIToASGI(echo, websockets=wrong)


def test_a_close_frame_written_by_hand_is_echoed_and_ends_both_directions(serve: Serve) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def closes(environ: Any, start_response: Any) -> Any:
        sock: socket.socket = environ["werkzeug.socket"]
        sock.sendall(response_head(environ["HTTP_SEC_WEBSOCKET_KEY"], None, []) + encode_close(3000, "done"))
        received = b""
        while data := sock.recv(100):
            received += data
        seen.put(received)
        return []

    peer = Peer(serve, serve.adapt(closes))
    assert peer.sent()["type"] == "websocket.accept"
    assert peer.sent() == {"type": "websocket.close", "code": 3000, "reason": "done"}
    assert seen.get(timeout=PATIENCE) == encode_close(3000, "", NO_MASK)
    assert peer.ended() is None
