"""The handshake of a WebSocket (RFC 6455, 4.2; ASGI WebSocket 2.5): scope, acceptance, denials, and the limit."""

from __future__ import annotations

import asyncio
import os
import queue
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from gateways.adapters import ASGIToWSGI
from gateways.adapters.run_asgi.exchange import GRACE
from gateways.adapters.websocket.frames import encode_message
from tests.adapters.websocket.client import MASK, Client
from tests.forks import fork
from tests.real.serving import eventually

from .apps import Receive, Scope, Send
from .conftest import Bridge, ErrorLog, LoopFactory
from .contenders import is_ours
from .harness import fetch
from .request import Environ, environ
from .sockets import HANDSHAKE, Server, asking, connected
from .test_websocket_events import accept, echo, noting, websocket

pytestmark = pytest.mark.skipif(not is_ours(), reason="no other adapter has WebSockets")

ACCEPT = {"type": "websocket.accept"}


def answering(*messages: Any) -> Any:
    """Return an app that sends these messages when a client connects."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in messages:
            await send(message)

    return websocket(answer)


def test_the_scope_is_a_websocket_scope(bare: Bridge) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Scope] = queue.SimpleQueue()

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.put(scope)
        await accept(receive, send)

    more = {
        "QUERY_STRING": "a=1",
        "SCRIPT_NAME": "/mount",
        "wsgi.url_scheme": "https",
        "HTTP_SEC_WEBSOCKET_PROTOCOL": "chat, superchat",
        "HTTP_ORIGIN": "http://example.test",
    }
    with connected(bare(websocket(note)), **more):
        scope = seen.get(timeout=10)
    assert {key: scope[key] for key in ("type", "http_version", "scheme", "path", "raw_path", "root_path")} == {
        "type": "websocket",
        "http_version": "1.1",
        "scheme": "wss",
        "path": "/mount/ws",
        "raw_path": b"/mount/ws",
        "root_path": "/mount",
    }
    assert scope["query_string"] == b"a=1"
    assert scope["subprotocols"] == ["chat", "superchat"]
    assert scope["client"] == ("192.0.2.7", 50123)
    assert scope["asgi"]["version"] == "3.0"
    assert (b"origin", b"http://example.test") in scope["headers"]
    assert scope["extensions"] == {"websocket.http.response": {}}
    assert "method" not in scope


def test_accept_may_choose_a_subprotocol_and_add_headers(bare: Bridge) -> None:
    """Ours."""
    app = answering({**ACCEPT, "subprotocol": "chat", "headers": [(b"x-one", b"1"), (b"Set-Cookie", b"a=b")]})
    with asking(bare(app), HTTP_SEC_WEBSOCKET_PROTOCOL="other, chat") as server:
        headers = server.client.accepted()
    assert (headers["sec-websocket-protocol"], headers["x-one"], headers["set-cookie"]) == ("chat", "1", "a=b")


def test_no_websocket_extension_is_accepted(bare: Bridge) -> None:
    """RFC 7692 is declined: permessage-deflate takes memory for each connection. accepted() looks."""
    with connected(bare(echo), HTTP_SEC_WEBSOCKET_EXTENSIONS="permessage-deflate; client_max_window_bits") as client:
        client.send("plain")
        assert client.message() == "plain"


WRONG_ACCEPTS = {
    "a subprotocol that was not offered": {**ACCEPT, "subprotocol": "chat"},
    "a header of the handshake": {**ACCEPT, "headers": [(b"sec-websocket-accept", b"x")]},
    "a header with a line break": {**ACCEPT, "headers": [(b"x", b"a\r\nb: c")]},
    "a send": {"type": "websocket.send", "text": "x"},
    "a body before the start": {"type": "websocket.http.response.body", "body": b""},
    "an unknown event": {"type": "websocket.acept"},
}


@pytest.mark.parametrize("what", WRONG_ACCEPTS)
def test_a_wrong_first_event_raises_and_is_logged(bare: Bridge, errors: ErrorLog, what: str) -> None:
    """Ours."""
    with asking(bare(answering(WRONG_ACCEPTS[what]))) as server:
        with pytest.raises(AssertionError, match="websocket"):
            server.wait()
        assert server.exchange.status == ""
    assert errors.says("AppProtocolError")


def test_closing_before_accept_is_a_403(bare: Bridge, loop_factory: LoopFactory) -> None:
    """Ours."""
    with asking(bare(answering({"type": "websocket.close", "code": 4000}), loop_factory)) as server:
        assert server.wait().status == "403 Forbidden"


def test_a_denial_is_a_complete_response(bare: Bridge) -> None:
    """ASGI, "Websocket Denial Response"."""
    app = answering(
        {"type": "websocket.http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Basic")]},
        {"type": "websocket.http.response.body", "body": b"who ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"are you?"},
    )
    with asking(bare(app)) as server:
        exchange = server.wait()
        assert exchange.status == "401 Unauthorized"
        assert exchange.values("www-authenticate") == ["Basic"]
        assert b"".join(exchange.blocks) == b"who are you?"


def test_after_a_denial_the_app_receives_a_disconnect(bare: Bridge) -> None:
    """Ours."""
    after: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def denies(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close"})
        after.put(await receive())

    with asking(bare(websocket(denies))) as server:
        server.wait()
        assert after.get(timeout=10) == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


def test_an_app_that_neither_accepts_nor_denies_is_an_error(bare: Bridge, errors: ErrorLog) -> None:
    """Ours."""
    with asking(bare(answering())) as server, pytest.raises(AssertionError, match="without accepting"):
        server.wait()


def test_an_error_before_accept_reaches_the_server(bare: Bridge, errors: ErrorLog) -> None:
    """Ours."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError("no such room")

    with asking(bare(websocket(fails))) as server, pytest.raises(LookupError):
        server.wait()


def test_a_disconnect_before_the_apps_decision_frees_the_thread(bare: Bridge) -> None:
    """Ours."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        seen.put(await receive())

    with asking(bare(websocket(slow))) as server:
        server.client.sock.close()
        with pytest.raises(OSError, match="disconnected"):
            server.wait()
        assert seen.get(timeout=10)["type"] == "websocket.disconnect"


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux reports a half-closed connection")
def test_before_the_apps_decision_a_half_closed_connection_is_a_disconnect(bare: Bridge) -> None:
    """Ours: a closed browser tab sends FIN, which looks like a half-closed connection. ASGI servers disconnect both."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        seen.put(await receive())

    with asking(bare(websocket(waits))) as server:
        server.client.sock.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="disconnected"):
            server.wait()
        assert seen.get(timeout=10) == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


def test_an_app_may_finish_its_decision_after_its_client_has_disconnected(bare: Bridge) -> None:
    """Ours: as on ASGI servers, accept raises, and nothing is cancelled before."""
    left = threading.Event()
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def decides(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "websocket.disconnect"
        left.set()
        try:
            await asyncio.sleep(GRACE + 0.3)
            await send(ACCEPT)
        except BaseException as error:
            outcome.put(error)
            raise

    with asking(bare(websocket(decides))) as server:
        server.client.sock.close()
        assert left.wait(10)
        with pytest.raises(OSError, match="disconnected"):
            server.wait()
        assert isinstance(outcome.get(timeout=10), OSError)


def test_a_101_has_no_content_length(bare: Bridge) -> None:
    """RFC 9110, 8.6."""
    app = answering({**ACCEPT, "headers": [(b"content-length", b"5"), (b"x-one", b"1")]})
    with asking(bare(app)) as server:
        headers = server.client.accepted()
    assert "content-length" not in headers
    assert headers["x-one"] == "1"


def test_an_accepted_handshake_is_http_1_1_even_if_the_server_reports_1_0(bare: Bridge) -> None:
    """Ours: the environ of eventlet always says HTTP/1.0."""
    seen: queue.SimpleQueue[Scope] = queue.SimpleQueue()

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.put(scope)
        await accept(receive, send)

    class Input:
        """eventlet's."""

        def get_socket(self) -> None:
            """The connection is found elsewhere."""

    with connected(bare(websocket(note)), SERVER_PROTOCOL="HTTP/1.0", **{"eventlet.input": Input()}):
        assert seen.get(timeout=10)["http_version"] == "1.1"


WRONG_HANDSHAKES: dict[str, tuple[Environ, str]] = {
    "no version": ({"HTTP_SEC_WEBSOCKET_VERSION": None}, "426 Upgrade Required"),
    "another version": ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, "426 Upgrade Required"),
    "no key": ({"HTTP_SEC_WEBSOCKET_KEY": None}, "400 Bad Request"),
    "a short key": ({"HTTP_SEC_WEBSOCKET_KEY": "c2hvcnQ="}, "400 Bad Request"),
    "a key that is not base64": ({"HTTP_SEC_WEBSOCKET_KEY": "?" * 24}, "400 Bad Request"),
    "a body": ({"CONTENT_LENGTH": "3"}, "400 Bad Request"),
    "HTTP/1.0": ({"SERVER_PROTOCOL": "HTTP/1.0"}, "400 Bad Request"),
}


@pytest.mark.parametrize("what", WRONG_HANDSHAKES)
def test_an_invalid_handshake_never_reaches_the_app(bare: Bridge, what: str) -> None:
    """RFC 6455, 4.2.1 and 4.4."""
    more, status = WRONG_HANDSHAKES[what]
    with asking(bare(echo), **more) as server:
        exchange = server.wait()
        assert exchange.status == status
        if status.startswith("426"):
            assert exchange.values("sec-websocket-version") == ["13"]


def test_bytes_after_the_handshake_belong_to_the_websocket(bare: Bridge) -> None:
    """RFC 6455, 4.1: a client must wait for the response; one that does not must not lose its first message."""

    class Reader:
        """wsgi.input of a server that has read ahead."""

        def read(self, size: int = -1) -> bytes:
            return b""

        def peek(self, size: int = 0) -> bytes:
            return encode_message("early", MASK)

    with connected(bare(echo), **{"wsgi.input": Reader()}) as client:
        assert client.message() == "early"


def test_an_http2_connection_is_never_taken_over(bare: Bridge) -> None:
    """Ours: the connection carries other requests too. gunicorn sets gunicorn.socket there as well."""
    with asking(bare(echo), SERVER_PROTOCOL="HTTP/2.0") as server:
        assert server.wait().status == "501 Not Implemented"


def test_a_tls_connection_is_never_taken_over(bare: Bridge) -> None:
    """Ours: only the server has its keys. It is detected by its methods, because gevent's class is not a subclass of
    ssl.SSLSocket.
    """
    ours, theirs = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ours, theirs, context.wrap_socket(theirs, server_side=True, do_handshake_on_connect=False) as encrypted:
        exchange = fetch(bare(echo), environ(path="/ws", **{**HANDSHAKE, "gunicorn.socket": encrypted}))
    assert exchange.status == "501 Not Implemented"


def holders() -> Iterator[Any]:
    """Objects that are not a connection to a client."""
    with socket.socket() as unconnected:
        yield unconnected
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        yield datagrams
    with open(os.devnull, "rb") as file:
        yield file
    yield object()


def test_a_descriptor_that_is_not_the_connection_gets_a_501_and_is_not_touched(bare: Bridge) -> None:
    """Ours."""
    adapter = bare(echo)
    for holder in holders():
        before = os.fstat(holder.fileno()) if hasattr(holder, "fileno") else None
        exchange = fetch(adapter, environ(path="/ws", **{**HANDSHAKE, "gunicorn.socket": holder}))
        assert exchange.status == "501 Not Implemented", holder
        assert before is None or os.path.samestat(before, os.fstat(holder.fileno()))


def test_the_501_names_suitable_servers(bare: Bridge) -> None:
    """Ours."""
    exchange = fetch(bare(echo), environ(path="/ws", **HANDSHAKE))
    assert b"gunicorn" in exchange.body


def test_websockets_0_refuses_all() -> None:
    """Ours."""
    adapter = ASGIToWSGI(echo, websockets=0)
    with asking(adapter) as server:
        exchange = server.wait()
        assert exchange.status == "501 Not Implemented"
        assert b"websockets=0" in exchange.body


@pytest.mark.parametrize("wrong", [-1, "10", None, True, 1.5])
def test_the_option_websockets_must_be_a_number(wrong: Any) -> None:
    """Ours."""
    with pytest.raises(ValueError, match="websockets"):
        ASGIToWSGI(echo, websockets=wrong)


def test_above_the_limit_a_handshake_gets_a_503_until_a_place_is_free() -> None:
    """Ours."""
    adapter = ASGIToWSGI(echo, websockets=2)
    try:
        with connected(adapter), connected(adapter) as second:
            with asking(adapter) as server:
                exchange = server.wait()
                assert exchange.status == "503 Service Unavailable"
                assert exchange.values("retry-after")
            second.close()
            assert second.closed()[0] == 1000

            def answered() -> str:
                with asking(adapter) as again:
                    return again.wait().status

            eventually(lambda: answered().startswith("101"), "a place is free again")
    finally:
        adapter.close()


@pytest.mark.parametrize("handler", ["denial", "error", "leaves"])
def test_a_failed_handshake_releases_its_place(handler: str, errors: ErrorLog) -> None:
    """Ours."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if handler == "error":
            raise LookupError
        if handler == "leaves":
            await receive()
            return
        await send({"type": "websocket.close"})

    adapter = ASGIToWSGI(websocket(app), websockets=1)
    try:
        for _ in range(3):
            with asking(adapter) as server:
                if handler == "leaves":
                    server.client.sock.close()
                try:
                    assert server.wait().status == "403 Forbidden"
                except (LookupError, OSError):
                    assert handler != "denial"
            eventually(lambda: adapter._places.taken == 0, "the place is free")
    finally:
        adapter.close()


def test_close_sends_1012_to_clients_and_apps(loop_factory: LoopFactory) -> None:
    """RFC 6455's registry: 1012, service restart, as in uvicorn."""
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()
    adapter = ASGIToWSGI(noting(seen), loop_factory=loop_factory)
    with connected(adapter) as client:
        closing = threading.Thread(target=adapter.close)
        closing.start()
        assert client.closed()[0] == 1012
        client.close(1012)
        assert client.ended()
        closing.join(10)
        assert not closing.is_alive()
        assert seen.get(timeout=10)["code"] == 1012


def test_close_does_not_wait_long_for_an_app_and_a_client_that_ignore_it() -> None:
    """Ours."""
    cancelled = threading.Event()

    async def ignores(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    adapter = ASGIToWSGI(websocket(ignores))
    with connected(adapter) as client:
        closing = threading.Thread(target=adapter.close)
        closing.start()
        closing.join(8)
        assert not closing.is_alive()
        assert cancelled.is_set()
        assert client.closed()[0] == 1012
        assert client.ended()


def test_a_connection_ends_even_if_a_forked_child_has_a_copy(bare: Bridge) -> None:
    """Ours: shutdown() ends it for all copies of its descriptor, close() for its own only."""

    async def forks(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await receive()

    with connected(bare(websocket(forks))) as client:
        ready, go = os.pipe()
        child = fork()
        if not child:
            os.read(ready, 1)  # until the parent has seen the end
            os._exit(0)
        try:
            client.close()
            assert client.closed()[0] == 1000
            assert client.ended()
        finally:
            os.write(go, b"x")
            os.close(go)
            os.close(ready)
            os.waitpid(child, 0)


def test_closed_websockets_leave_nothing_behind(bare: Bridge) -> None:
    """Ours."""
    adapter = bare(echo)

    def one() -> None:
        with connected(adapter) as client:
            client.send("x")
            assert client.message() == "x"
            client.close()
            assert client.closed()[0] == 1000
            assert client.ended()

    one()
    running = adapter._running
    eventually(lambda: not running.websockets, "the first has ended")
    before = psutil.Process().num_fds()
    for _ in range(20):
        one()
    eventually(lambda: not running.websockets and not running.live, "all have ended")
    assert adapter._places.taken == 0
    eventually(lambda: psutil.Process().num_fds() <= before, "all descriptors are closed")


def test_the_servers_socket_is_dead_and_closes_without_an_error(bare: Bridge) -> None:
    """Ours: the server reads an end of file, and may still write response headers until it closes its response."""
    server = Server(bare(echo))
    server.client.accepted()
    server.wait()
    client: Client = server.client
    client.send("x")
    assert client.message() == "x"
    server.close()
