"""ASGI WebSocket 2.5: the events of an accepted WebSocket, in both directions, and when each is allowed."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import time
from typing import Any

import pytest

from gateways.adapters import ASGIToWSGI, ClientDisconnected
from gateways.adapters.websocket.frames import BINARY, CONTINUATION, PING, PONG, TEXT, Event
from tests.adapters.websocket.test_frames import BROKEN
from tests.real.serving import eventually

from .apps import Receive, Scope, Send
from .conftest import Bridge, ErrorLog, LoopFactory
from .contenders import is_ours
from .sockets import asking, connected

pytestmark = pytest.mark.skipif(not is_ours(), reason="no other adapter has WebSockets")

Seen = queue.SimpleQueue[Any]


def websocket(handler: Any) -> Any:
    """An app of `handler(scope, receive, send)` for WebSockets, without a lifespan."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            raise NotImplementedError(scope["type"])
        await handler(scope, receive, send)

    return app


async def accept(receive: Receive, send: Send, **more: Any) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **more})


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    await accept(receive, send)
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


echo = websocket(_echo)


def noting(seen: Seen) -> Any:
    """An app that accepts, and records all received events up to the disconnect."""

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        while True:
            message = await receive()
            seen.put(message)
            if message["type"] == "websocket.disconnect":
                return

    return websocket(note)


def test_text_and_bytes_are_echoed_unchanged(bare: Bridge, loop_factory: LoopFactory) -> None:
    """Ours."""
    with connected(bare(echo, loop_factory)) as client:
        for message in ("text", b"bytes", "", b"", "é" * 40_000, bytes(3_000_000)):
            client.send(message)
            assert client.message() == message


def test_a_message_in_fragments_is_one_event(bare: Bridge) -> None:
    """ASGI WebSocket, "Receive": each message is one event."""
    with connected(bare(echo)) as client:
        client.frame(TEXT, b"caf\xc3", last=False)
        client.frame(PING, b"within")
        client.frame(CONTINUATION, b"\xa9")
        assert client.event() == Event(PONG, b"within")
        assert client.message() == "café"


def test_a_receive_event_has_either_text_or_bytes(bare: Bridge) -> None:
    """Ours."""
    seen: Seen = queue.SimpleQueue()
    with connected(bare(noting(seen))) as client:
        client.send("text")
        client.send(b"bytes")
        assert seen.get(timeout=10) == {"type": "websocket.receive", "text": "text"}
        assert seen.get(timeout=10) == {"type": "websocket.receive", "bytes": b"bytes"}


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going"), (3999, "é"), (4000, "own")])
def test_the_clients_close_code_and_reason_reach_the_app_and_are_echoed(
    bare: Bridge, loop_factory: LoopFactory, code: int, reason: str
) -> None:
    """Ours."""
    seen: Seen = queue.SimpleQueue()
    with connected(bare(noting(seen), loop_factory)) as client:
        client.send("last")
        client.close(code, reason)
        assert seen.get(timeout=10)["text"] == "last"
        assert seen.get(timeout=10) == {"type": "websocket.disconnect", "code": code, "reason": reason}
        assert client.closed() == (code, reason)  # as websockets and wsproto echo it
        assert client.ended()


def test_a_close_without_a_code_is_1005(bare: Bridge) -> None:
    """ASGI WebSocket, "Disconnect": 1005 if no code was received."""
    seen: Seen = queue.SimpleQueue()
    with connected(bare(noting(seen))) as client:
        client.close(None)
        assert seen.get(timeout=10)["code"] == 1005


def test_a_lost_connection_is_1006(bare: Bridge, loop_factory: LoopFactory) -> None:
    """RFC 6455, 7.1.5."""
    seen: Seen = queue.SimpleQueue()
    with connected(bare(noting(seen), loop_factory)) as client:
        client.sock.close()
        assert seen.get(timeout=10) == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


@pytest.mark.parametrize(("sent", "expected"), [({}, (1000, "")), ({"code": 4001, "reason": "why"}, (4001, "why"))])
def test_the_apps_close_code_and_reason_reach_the_client(
    bare: Bridge, loop_factory: LoopFactory, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Ours."""
    after: Seen = queue.SimpleQueue()

    async def closes(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await send({"type": "websocket.send", "text": "first"})
        await send({"type": "websocket.close", **sent})
        after.put(await receive())

    with connected(bare(websocket(closes), loop_factory)) as client:
        assert client.message() == "first"
        assert client.closed() == expected
        client.close(expected[0])
        assert client.ended()
        assert after.get(timeout=10)["type"] == "websocket.disconnect"


def test_an_app_that_returns_closes_with_1000(bare: Bridge, errors: ErrorLog) -> None:
    """Ours."""

    async def returns(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)

    with connected(bare(websocket(returns))) as client:
        assert client.closed() == (1000, "")
    assert errors.records == []


def test_an_app_that_fails_closes_with_1011_and_is_logged(bare: Bridge, errors: ErrorLog) -> None:
    """RFC 6455, 7.4.1: 1011, the server met a condition that it did not expect."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        raise RuntimeError("a fault of the app")

    with connected(bare(websocket(fails))) as client:
        assert client.closed()[0] == 1011
    assert errors.says("a fault of the app")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_system_exit_in_an_app_ends_only_its_own_websocket(bare: Bridge, error: BaseException) -> None:
    """Ours."""

    async def exits(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        message = await receive()
        if message["text"] == "exit":
            raise error
        await send({"type": "websocket.send", "text": "still here"})

    adapter = bare(websocket(exits))
    with connected(adapter) as other, connected(adapter) as client:
        client.send("exit")
        assert client.closed()[0] == 1011
        other.send("go on")
        assert other.message() == "still here"


def test_sending_after_a_disconnect_raises(bare: Bridge, errors: ErrorLog) -> None:
    """ASGI WebSocket, "Disconnected Client - send exception"."""
    raised: Seen = queue.SimpleQueue()

    async def sends(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        assert (await receive())["type"] == "websocket.disconnect"
        try:
            await send({"type": "websocket.send", "text": "too late"})
        except OSError as error:
            raised.put(error)
            raise

    with connected(bare(websocket(sends))) as client:
        client.close()
        assert isinstance(raised.get(timeout=10), ClientDisconnected)
        assert client.closed() == (1000, "")
    assert errors.records == []


def test_closing_after_a_disconnect_is_not_an_error(bare: Bridge, errors: ErrorLog) -> None:
    """Ours."""
    done: Seen = queue.SimpleQueue()

    async def closes(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await receive()
        await send({"type": "websocket.close"})
        done.put(await receive())

    with connected(bare(websocket(closes))) as client:
        client.close(1001)
        assert done.get(timeout=10) == {"type": "websocket.disconnect", "code": 1001, "reason": ""}
    assert errors.records == []


WRONG = {
    "an unknown event": {"type": "websocket.sned"},
    "a second accept": {"type": "websocket.accept"},
    "neither text nor bytes": {"type": "websocket.send"},
    "text that is bytes": {"type": "websocket.send", "text": b"x"},
    "a lone surrogate": {"type": "websocket.send", "text": "\ud800"},
    "a close code that no frame may hold": {"type": "websocket.close", "code": 1006},
    "a response after accept": {"type": "websocket.http.response.start", "status": 200, "headers": []},
}


@pytest.mark.parametrize("what", WRONG)
def test_an_invalid_event_raises_in_the_app_and_closes_with_1011(bare: Bridge, errors: ErrorLog, what: str) -> None:
    """Ours."""

    async def misbehaves(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await send(WRONG[what])

    with connected(bare(websocket(misbehaves))) as client:
        assert client.closed()[0] == 1011
    assert errors.says("AppProtocolError")


def test_sending_after_the_apps_own_close_raises(bare: Bridge, errors: ErrorLog) -> None:
    """Ours."""

    async def goes_on(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 4000})
        await send({"type": "websocket.send", "text": "more"})

    with connected(bare(websocket(goes_on))) as client:
        assert client.closed() == (4000, "")
    eventually(lambda: errors.says("after 'websocket.close'"), "the error is logged")


@pytest.mark.parametrize("loose", [bytearray(b"data"), memoryview(b"data")])
def test_bytes_may_be_any_bytes_like_object(bare: Bridge, loose: Any) -> None:
    """Ours."""

    async def sends(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await send({"type": "websocket.send", "bytes": loose, "text": None})

    with connected(bare(websocket(sends))) as client:
        assert client.message() == b"data"


def test_context_variables_of_the_servers_thread_reach_the_app(bare: Bridge) -> None:
    """Ours."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user")

    async def tells(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await receive()
        await send({"type": "websocket.send", "text": user.get("nobody")})

    adapter = bare(websocket(tells))

    def middleware(environ: Any, start_response: Any) -> Any:
        user.set("mina")
        return adapter(environ, start_response)

    with connected(middleware) as client:
        client.send("who?")
        assert client.message() == "mina"


def test_each_websocket_gets_a_copy_of_the_lifespans_state(bare: Bridge) -> None:
    """Ours."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["pool"] = "open"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return await send({"type": "lifespan.shutdown.complete"})
        await accept(receive, send)
        await send({"type": "websocket.send", "text": scope["state"]["pool"]})
        scope["state"]["pool"] = "changed"

    adapter = bare(app)
    for _ in range(2):
        with connected(adapter) as client:
            assert client.message() == "open"


def test_an_asgi_2_app_can_have_websockets(bare: Bridge) -> None:
    """Ours."""

    class Old:
        def __init__(self, scope: Scope) -> None:
            if scope["type"] != "websocket":
                raise NotImplementedError
            self._scope = scope

        async def __call__(self, receive: Receive, send: Send) -> None:
            await _echo(self._scope, receive, send)

    with connected(bare(Old)) as client:
        client.send("x")
        assert client.message() == "x"


def test_many_tasks_of_an_app_may_send_and_receive(bare: Bridge) -> None:
    """Ours."""

    async def many(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)

        async def worker() -> None:
            while (message := await receive())["type"] == "websocket.receive":
                await send({**message, "type": "websocket.send"})

        await asyncio.gather(*(worker() for _ in range(5)))

    with connected(bare(websocket(many))) as client:
        for number in range(200):
            client.send(str(number))
        assert sorted(int(client.message()) for _ in range(200)) == list(range(200))
        client.close()
        assert client.closed()[0] == 1000


def test_the_app_waits_while_the_client_does_not_read(bare: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: backpressure: send() waits, and memory stays bounded."""
    sent: list[int] = []

    async def floods(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        for number in range(400):
            await send({"type": "websocket.send", "bytes": bytes(64 * 1024)})
            sent.append(number)

    with connected(bare(websocket(floods), loop_factory)) as client:
        before = -1
        while before != len(sent):  # until it no longer changes
            before = len(sent)
            time.sleep(0.2)
        assert 0 < len(sent) < 200
        assert all(len(client.message()) == 64 * 1024 for _ in range(400))


def test_the_client_waits_while_the_app_does_not_receive(bare: Bridge, loop_factory: LoopFactory) -> None:
    """Ours."""
    go_on: Seen = queue.SimpleQueue()
    counts: Seen = queue.SimpleQueue()

    async def sleeps(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await asyncio.to_thread(go_on.get, timeout=30)
        count = 0
        while (message := await receive())["type"] == "websocket.receive":
            count += len(message["bytes"])
        counts.put(count)

    with connected(bare(websocket(sleeps), loop_factory)) as client:
        client.sock.settimeout(1)
        message = bytes(64 * 1024)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 400 * len(message):
                client.send(message)
                sent += len(message)
        assert sent < 100 * 64 * 1024
        go_on.put(None)
        client.sock.close()
        assert counts.get(timeout=20) >= sent - len(message)


def test_the_number_of_empty_messages_is_bounded(bare: Bridge) -> None:
    """Ours: an event costs memory, however small its data."""
    go_on: Seen = queue.SimpleQueue()

    async def sleeps(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await asyncio.to_thread(go_on.get, timeout=30)

    with connected(bare(websocket(sleeps))) as client:
        client.sock.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 100:
                client.sock.sendall((b"\x82\x80" + bytes(4)) * 10_000)
                sent += 1
        assert sent < 100
        go_on.put(None)


def test_pongs_for_a_client_that_does_not_read_are_bounded(bare: Bridge) -> None:
    """RFC 6455, 5.5.3: only the most recent Ping has to be answered."""
    over: Seen = queue.SimpleQueue()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        over.put(await receive())

    adapter = bare(websocket(waits))
    with connected(adapter) as client:
        ping = bytearray()
        for _ in range(200):
            ping += b"\x89\xfd" + bytes(4) + bytes(125)
        for _ in range(200):
            client.sock.sendall(ping)  # 5 MB; the pongs would have the same size
        client.close(1000)
        pongs = 0
        while (event := client.event()) is not None and event.kind == PONG:
            pongs += 1
        assert event is not None
        assert event.code == 1000
        assert pongs < 40_000
    assert over.get(timeout=10)["code"] == 1000


def test_a_message_over_the_limit_closes_with_1009(loop_factory: LoopFactory) -> None:
    """Ours."""
    seen: Seen = queue.SimpleQueue()
    adapter = ASGIToWSGI(noting(seen), max_message=1000, loop_factory=loop_factory)
    try:
        with connected(adapter) as client:
            client.send(bytes(1000))
            client.send(bytes(1001))
            assert client.closed()[0] == 1009
            assert len(seen.get(timeout=10)["bytes"]) == 1000
            assert seen.get(timeout=10)["code"] == 1009
    finally:
        adapter.close()


def test_a_client_that_breaks_the_protocol_gets_the_reason_even_while_it_sends(bare: Bridge) -> None:
    """RFC 6455, 7.1.7. Closing at once would reset the connection, and the Close frame would be lost."""
    seen: Seen = queue.SimpleQueue()
    with connected(bare(noting(seen))) as client:
        client.sock.sendall(b"\xf2\x85" + bytes(4) + b"12345" + bytes(200_000))
        assert client.closed()[0] == 1002
        assert seen.get(timeout=10)["code"] == 1002


@pytest.mark.parametrize("what", [name for name in BROKEN if not name.startswith("9 ")])
def test_each_violation_of_the_protocol_closes_with_its_code(bare: Bridge, what: str) -> None:
    """Ours: as in Autobahn's test suite: responses to earlier frames, then the Close frame, then the end."""
    data, code = BROKEN[what]
    with connected(bare(echo)) as client:
        client.send("before")
        assert client.message() == "before"
        client.sock.sendall(data)
        assert client.closed()[0] == code
        assert client.ended()


def test_a_silent_client_is_pinged_and_stays_connected_if_it_responds(loop_factory: LoopFactory) -> None:
    """Ours."""
    adapter = ASGIToWSGI(echo, ping=0.1, loop_factory=loop_factory)
    try:
        with connected(adapter) as client:
            for _ in range(5):
                event = client.event()
                assert event == Event(PING, b"")
                client.frame(PONG)
            client.send("still here")
            assert client.message() == "still here"
    finally:
        adapter.close()


def test_a_client_that_does_not_respond_to_pings_is_disconnected(loop_factory: LoopFactory) -> None:
    """Ours."""
    seen: Seen = queue.SimpleQueue()
    adapter = ASGIToWSGI(noting(seen), ping=0.1, loop_factory=loop_factory)
    try:
        with connected(adapter) as client:
            assert seen.get(timeout=10) == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
            assert client.ended()
    finally:
        adapter.close()


def test_a_client_that_waits_for_the_app_is_not_disconnected() -> None:
    """Ours: its pongs are behind messages that the app has not received, so the adapter cannot see them."""
    go_on: Seen = queue.SimpleQueue()
    counts: Seen = queue.SimpleQueue()

    async def sleeps(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await asyncio.to_thread(go_on.get, timeout=30)
        total = 0
        while (message := await receive())["type"] == "websocket.receive":
            total += len(message["bytes"])
        counts.put((total, message["code"]))

    adapter = ASGIToWSGI(websocket(sleeps), ping=0.1)
    try:
        with connected(adapter) as client:
            client.send(bytes(300_000))
            time.sleep(1)
            go_on.put(None)
            client.close(1000)
            assert counts.get(timeout=10) == (300_000, 1000)
    finally:
        adapter.close()


def test_ping_0_sends_no_pings() -> None:
    """Ours."""
    adapter = ASGIToWSGI(echo, ping=0)
    try:
        with connected(adapter) as client:
            client.sock.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.event()
    finally:
        adapter.close()


def test_frames_of_binary_data_are_binary(bare: Bridge) -> None:
    """Ours."""
    with connected(bare(echo)) as client:
        client.frame(BINARY, b"caf\xff")
        assert client.event() == Event(BINARY, b"caf\xff")


def test_the_servers_thread_is_free_while_the_websocket_is_open(bare: Bridge) -> None:
    """Ours."""
    with asking(bare(echo)) as server:
        server.client.accepted()
        exchange = server.wait()
        assert exchange.status == "101 Switching Protocols"
        server.client.send("on")
        assert server.client.message() == "on"
