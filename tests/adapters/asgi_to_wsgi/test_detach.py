"""Event streams that leave the server's thread, served by wsgiref's own code over a socket pair."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler

import psutil
import pytest

from tests.forks import fork

from .apps import Gate, Journal, Receive, Scope, Send, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange
from .patience import PATIENCE, eventually
from .request import environ

EVENTS = [(b"content-type", b"text/event-stream")]


class Server:
    """A request to a WSGI server, with the client's end of its connection."""

    def __init__(self, app: Any, **more: Any) -> None:
        self._theirs, self.client = socket.socketpair()
        self.client.settimeout(PATIENCE)
        self.errors = io.StringIO()
        self._environ = environ("GET", "/events", **{"gunicorn.socket": self._theirs, **more})
        self._app = app
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._theirs, self._theirs.makefile("wb") as output:
            handler = SimpleHandler(io.BytesIO(), output, self.errors, self._environ)
            handler.http_version = "1.1"
            handler.run(self._app)

    def wait(self) -> None:
        """Wait until the server's thread is free."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server's thread is still held"

    @property
    def is_busy(self) -> bool:
        return self._thread.is_alive()

    def until(self, end: bytes) -> bytes:
        received = b""
        while not received.endswith(end):
            data = self.client.recv(65536)
            assert data, f"the connection ended after {received[-200:]!r}"
            received += data
        return received

    def rest(self) -> bytes:
        received = b""
        while data := self.client.recv(65536):
            received += data
        return received


def _environ(theirs: socket.socket) -> dict[str, Any]:
    return {**environ("GET", "/"), "gunicorn.socket": theirs}


@contextlib.contextmanager
def serving(app: Any, **more: Any) -> Iterator[Server]:
    server = Server(app, **more)
    with server.client:
        yield server
    server.wait()


def silent(journal: Journal) -> Any:
    """Return an app that starts an event stream, sends nothing, and notes the message after the request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        assert (await receive())["type"] == "http.request"
        journal.note((await receive())["type"])

    return app


def events(gate: Gate, *, end: bool = True) -> Any:
    """Send the headers, and after the gate two events."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        await gate.wait()
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": True})
        if end:
            await send({"type": "http.response.body"})

    return app


def test_the_servers_thread_is_free_after_the_headers_of_an_event_stream(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """Ours: the loop sends the events on the client's connection."""
    gate = Gate()
    app = bridge(events(gate), loop_factory, detach=True)
    with serving(app) as server:
        server.wait()
        head = server.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Connection: close\r\n" in head
        stats = app.stats()
        assert (stats.tasks, stats.detached) == (1, 1)
        gate.open()
        assert server.rest() == b"data: 1\n\ndata: 2\n\n"
    eventually("the end of the stream", lambda: (app.stats().tasks, app.stats().detached) == (0, 0))
    assert app.stats().bytes == 18


def test_the_server_can_write_after_its_response_until_it_closes_its_socket(bridge: Bridge, journal: Journal) -> None:
    """Ours: most servers write the last chunk then. If that fails, cheroot logs an error on Python 3.13 and later."""
    adapter = bridge(silent(journal), detach=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateways.adapters.on_wsgi.asgi_response.is_iterated_by_server", lambda iterable: True)
        theirs, ours = socket.socketpair()
        with ours:
            with theirs, Exchange(adapter, _environ(theirs)) as exchange:
                exchange.call()
                block = exchange.block()
                assert block is not None
                theirs.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                theirs.sendall(b"%x\r\n%b\r\n" % (len(block), block))
                assert exchange.block() is None
                before = psutil.Process().num_fds()
                exchange.close()
                theirs.sendall(b"0\r\n\r\n" + b"x" * 300_000)
                assert theirs.recv(1) == b""
            eventually("both ends are closed", lambda: psutil.Process().num_fds() <= before - 2)
    journal.expect("http.disconnect")


def test_detach_is_off_by_default(bridge: Bridge) -> None:
    """Ours: middleware and servers must be known to allow it."""
    gate = Gate()
    app = bridge(events(gate))
    with serving(app) as server:
        eventually("the request", lambda: app.stats().tasks == 1)
        assert app.stats().detached == 0
        assert server.is_busy
        gate.open()
        assert server.rest().endswith(b"\r\n\r\ndata: 1\n\ndata: 2\n\n")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"text/event-stream"), (b"content-length", b"18")],
        [],
    ],
)
def test_responses_other_than_event_streams_stay_on_the_servers_thread(
    bridge: Bridge, headers: list[tuple[bytes, bytes]]
) -> None:
    """Ours: only event streams last long enough to be worth it."""
    gate = Gate()

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, headers))
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await gate.wait()
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    app = bridge(other, detach=True)
    with serving(app) as server:
        server.until(b"data: 1\n\n")
        assert server.is_busy
        assert app.stats().detached == 0
        gate.open()
        assert server.rest() == b"data: 2\n\n"


@pytest.mark.parametrize(
    "more",
    [
        {"gunicorn.socket": None},
        {"SERVER_PROTOCOL": "HTTP/2"},
    ],
)
def test_a_stream_whose_connection_cannot_be_taken_over_stays_on_the_servers_thread(
    bridge: Bridge, more: dict[str, Any]
) -> None:
    """Ours: a server that does not expose its connection serves the stream as before."""
    gate = Gate()
    app = bridge(events(gate), detach=True)
    with serving(app, **more) as server:
        eventually("the request", lambda: app.stats().tasks == 1)
        gate.open()
        assert server.rest().endswith(b"data: 1\n\ndata: 2\n\n")
        assert app.stats().detached == 0


def test_above_the_limit_streams_stay_on_the_servers_threads(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours: the number of detached streams of a process is bounded."""
    monkeypatch.setattr("gateways.adapters.asgi_to_wsgi.MAX_DETACHED", 1)
    gate = Gate()
    app = bridge(events(gate), detach=True)
    with serving(app) as first:
        first.wait()
        with serving(app) as second:
            eventually("both requests", lambda: (app.stats().requests, app.stats().detached) == (2, 1))
            assert second.is_busy
            gate.open()
            assert second.rest().endswith(b"data: 1\n\ndata: 2\n\n")
        assert first.rest().endswith(b"data: 1\n\ndata: 2\n\n")
    eventually("the end of the first", lambda: app.stats().detached == 0)
    with serving(app) as third:
        third.wait()  # its place is free again
        assert third.rest().endswith(b"data: 1\n\ndata: 2\n\n")


def test_a_disconnect_ends_a_detached_stream(bridge: Bridge, journal: Journal) -> None:
    """Ours: receive() returns http.disconnect, as on the server's thread."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        assert (await receive())["type"] == "http.request"
        journal.note((await receive())["type"])
        try:
            await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        except OSError as error:
            journal.note(type(error).__name__)

    adapter = bridge(app, detach=True)
    with serving(adapter) as server:
        server.wait()
        server.until(b"\r\n\r\n")
    journal.expect("http.disconnect", "ClientDisconnected")
    eventually("the end of the stream", lambda: (adapter.stats().detached, adapter.stats().disconnects) == (0, 1))


def test_a_slow_client_of_a_detached_stream_makes_the_app_wait(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours: backpressure: memory stays bounded."""
    sent = [0]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            sent[0] += 1
        await send({"type": "http.response.body"})

    with serving(bridge(app, loop_factory, detach=True)) as server:
        server.wait()
        assert len(server.client.recv(1000)) > 0
        eventually("the app is stalled", lambda: 0 < sent[0] < 40)
        assert len(server.rest()) > 90 * 65536
        assert sent[0] == 100


def test_an_app_that_returns_early_leaves_a_detached_response_incomplete(bridge: Bridge, errors: Any) -> None:
    """Ours: the response must not look complete."""
    gate = Gate()
    with serving(bridge(events(gate, end=False), detach=True)) as server:
        server.wait()
        gate.open()
        assert server.rest().endswith(b"data: 2\n\n")
        eventually("the log", lambda: errors.says("returned before its response was complete"))


def test_background_work_after_a_detached_response_continues(bridge: Bridge, journal: Journal) -> None:
    """Ours: as after any other response."""
    gate, later = Gate(), Gate()
    stream = events(gate)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stream(scope, receive, send)
        await later.wait()
        journal.note("worked")

    adapter = bridge(app, detach=True)
    with serving(adapter) as server:
        gate.open()
        assert server.rest().endswith(b"data: 2\n\n")
    eventually("the connection's end", lambda: (adapter.stats().detached, adapter.stats().background) == (0, 1))
    later.open()
    journal.expect("worked")


def test_closing_the_adapter_waits_for_detached_streams_that_end(bridge: Bridge) -> None:
    """Ours: a worker that is replaced must not cut them off."""
    gate = Gate()
    adapter = bridge(events(gate), detach=True)
    with serving(adapter) as server:
        server.wait()
        closing = threading.Thread(target=adapter.close)
        closing.start()
        closing.join(0.3)
        assert closing.is_alive()
        gate.open()
        assert server.rest().endswith(b"data: 1\n\ndata: 2\n\n")
        closing.join(PATIENCE)
        assert not closing.is_alive()


def test_closing_the_adapter_ends_detached_streams_after_the_timeout(bridge: Bridge, journal: Journal) -> None:
    """Ours: an endless stream must not prevent the exit."""
    adapter = bridge(silent(journal), detach=True)
    with serving(adapter) as server:
        server.wait()
        adapter.close(timeout=0.2)
        assert server.rest().endswith(b"\r\n\r\n")
    journal.expect("http.disconnect")


def test_a_server_that_changes_the_body_gets_its_connection_back(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours: a server that compresses: its whole output reaches the client, and the stream stays on its thread."""
    monkeypatch.setattr("gateways.adapters.on_wsgi.asgi_response.is_iterated_by_server", lambda iterable: True)
    gate = Gate()
    adapter = bridge(events(gate), detach=True)
    theirs, ours = socket.socketpair()
    with theirs, ours, Exchange(adapter, _environ(theirs)) as exchange:
        ours.settimeout(PATIENCE)
        exchange.call()
        first = exchange.block()
        assert first is not None
        theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + first.upper())
        caplog.set_level(logging.WARNING, "gateways.asgi")
        gate.open()
        while (block := exchange.block()) is not None:
            theirs.sendall(block.upper())
        exchange.close()
        theirs.shutdown(socket.SHUT_WR)
        received = b""
        while data := ours.recv(65536):
            received += data
    assert received == b"HTTP/1.1 200 OK\r\n\r\n" + first.upper() + b"DATA: 1\n\nDATA: 2\n\n"
    assert "cannot continue its response" in caplog.text
    assert adapter.stats().detached == 0
    assert adapter._detached.taken == 0


def test_a_server_that_fails_after_the_headers_leaves_nothing_behind(bridge: Bridge, journal: Journal) -> None:
    """Ours: the server closes the response instead of requesting the next block, so the client's connection ends."""
    adapter = bridge(silent(journal), detach=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateways.adapters.on_wsgi.asgi_response.is_iterated_by_server", lambda iterable: True)
        theirs, ours = socket.socketpair()
        with theirs, ours, Exchange(adapter, _environ(theirs)) as exchange:
            ours.settimeout(PATIENCE)
            exchange.call()
            exchange.block()
            exchange.close()
            assert ours.recv(100) == b""
    journal.expect("http.disconnect")
    assert adapter._detached.taken == 0


def test_a_disconnect_after_a_half_close_is_not_an_error_of_the_sweep(bridge: Bridge, errors: Any) -> None:
    """Ours: a write may close the connection while the application still runs; the sweep continues for the others."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        with contextlib.suppress(OSError):
            while True:
                await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
                await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)

    adapter = bridge(app, detach=True)
    with serving(adapter) as server:
        server.wait()
        server.client.shutdown(socket.SHUT_WR)
        server.until(b"data: 1\n\n")
    eventually("the connection's end", lambda: adapter.stats().detached == 0)
    eventually("the app's end", lambda: adapter.stats().tasks == 0)
    assert not [record for record in errors._caplog.records if "Exception in callback" in record.getMessage()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_stream_ends_even_if_a_forked_child_has_a_copy_of_its_connection(bridge: Bridge) -> None:
    """Ours: the connection is shut down, because close() alone would leave the child's copy open."""
    gate = Gate()
    with serving(bridge(events(gate), detach=True)) as server:
        server.wait()
        server.until(b"\r\n\r\n")
        reading, writing = os.pipe()
        child = fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)  # until the test has ended
            os._exit(0)
        try:
            os.close(reading)
            gate.open()
            assert server.rest() == b"data: 1\n\ndata: 2\n\n"
        finally:
            os.close(writing)
            os.waitpid(child, 0)


def test_an_event_stream_in_one_piece_is_an_ordinary_response(bridge: Bridge) -> None:
    """Ours: an event stream that is over before the server's thread looks is an ordinary response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, EVENTS))
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    adapters = [bridge(app, detach=True) for _ in range(2)]
    for adapter in adapters:
        for _ in range(20):
            with serving(adapter) as server:
                head, _, body = server.rest().partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                assert body == b"data: 1\n\ndata: 2\n\n"
    for adapter in adapters:
        eventually("the end of all", lambda adapter=adapter: adapter.stats().detached == 0)  # type: ignore[misc]
