"""Reading wsgi.input: as the body arrives, on the server's thread, with bounded read-ahead."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, body, echo, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .patience import eventually
from .request import Endless, environ, upload

BOUND = 2 * 1024 * 1024  # limit of bytes in flight: generous, but far below the size of an upload


def test_the_input_is_read_on_the_servers_thread_only(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """PEP 3333: one thread per request; the input of many servers is not safe on another thread."""
    given, source = upload(b"x" * 100_000, b"y" * 100_000, length=200_000)
    with Exchange(bridge(echo, loop_factory), given) as exchange:
        exchange.run()
        assert source.threads == {exchange.thread.ident}


def notes_blocks(journal: Journal) -> Any:
    """An app that records each block of the body."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            event = await receive()
            journal.note(event.get("body"))
            more = event.get("more_body", False)
        await respond(send)

    return app


def test_a_body_reaches_the_app_as_it_arrives(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI HTTP, "Request": a way to stream large bodies; the first block must not wait for the last."""
    journal, last = Journal(), threading.Event()
    given, _ = upload(b"first", last, b"last!", length=10)
    with Exchange(bridge(notes_blocks(journal), loop_factory), given) as exchange:
        exchange.begin_run()
        try:
            journal.expect(b"first")
        finally:
            last.set()
        journal.expect(b"last!")
        assert exchange.finish() == b"ok"


@pytest.fixture
def pipe() -> Iterator[tuple[io.BufferedReader, Any]]:
    """A buffered stream that blocks until all requested bytes arrive, as the inputs of wsgiref and mod_wsgi do."""
    reading, writing = os.pipe()
    with open(reading, "rb") as reader, open(writing, "wb", buffering=0) as writer:
        yield reader, writer


def test_a_body_reaches_the_app_as_it_arrives_even_if_read_waits_for_all_bytes(bridge: Bridge, pipe: Any) -> None:
    """Ours: wsgiref's input is a BufferedReader: read(n) waits for n bytes, read1(n) for the next ones."""
    reader, writer = pipe
    journal = Journal()
    writer.write(b"first")
    with Exchange(bridge(notes_blocks(journal)), environ("POST", CONTENT_LENGTH="10", wsgi_input=reader)) as exchange:
        exchange.begin_run()
        try:
            journal.expect(b"first", limit=2)
        finally:
            writer.write(b"last!")
        assert exchange.finish() == b"ok"


def test_a_block_sent_before_the_next_receive_is_delivered_before_more_is_read(bridge: Bridge) -> None:
    """Ours: the two directions must not wait for each other: a block's echo is sent before the next is read."""
    second = threading.Event()
    given, _ = upload(b"ping1", second, b"ping2", length=10)

    async def echoes_block_by_block(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        more = True
        while more:
            event = await receive()
            more = event.get("more_body", False)
            await send(body(event["body"], more))

    with Exchange(bridge(echoes_block_by_block), given) as exchange:
        try:
            exchange.call()
            while exchange.body != b"ping1":
                assert exchange.block() is not None
        finally:
            second.set()
        assert exchange.rest() == b"ping2"


def test_read_ahead_for_an_app_that_does_not_receive_is_bounded(bridge: Bridge) -> None:
    """Safety: if an app responds without reading, the upload costs neither memory nor time."""
    source = Endless()

    async def reads_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"too large", status=413)

    given = environ("POST", CONTENT_LENGTH=str(10**12), wsgi_input=source)
    assert fetch(bridge(reads_nothing), given).code == 413
    assert source.given <= BOUND


def test_reading_ahead_of_a_slow_app_is_bounded(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: an upload that is faster than the app waits in the client, not in memory."""
    source, gate, journal = Endless(), Gate(), Journal()

    async def stops_after_one_block(scope: Scope, receive: Receive, send: Send) -> None:
        journal.note((await receive())["more_body"])
        await gate.wait()
        await respond(send)

    given = environ("POST", CONTENT_LENGTH=str(10**12), wsgi_input=source)
    with Exchange(bridge(stops_after_one_block, loop_factory), given) as exchange:
        exchange.begin_run()
        journal.expect(True)
        settled = source.given
        with pytest.raises(AssertionError, match="not within"):
            eventually("reading on", lambda: source.given > max(settled, BOUND), limit=0.3)
        gate.open()
        assert exchange.finish() == b"ok"


def test_with_expect_continue_the_input_is_read_only_when_the_app_receives(bridge: Bridge) -> None:
    """RFC 9110, 10.1.1: servers send 100 (Continue) at the first read; an app must be able to refuse before that."""

    async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"", status=417)

    given, source = upload(b"12345", length=5)
    assert fetch(bridge(refuses), given | {"HTTP_EXPECT": "100-continue"}).code == 417
    assert not source.sizes


def test_with_expect_continue_the_input_is_read_when_the_app_receives(bridge: Bridge) -> None:
    """RFC 9110, 10.1.1: an app that reads gets the body."""
    given, _ = upload(b"12345", length=5)
    assert fetch(bridge(echo), given | {"HTTP_EXPECT": "100-continue"}).body == b"12345"


def test_a_thread_that_waits_for_input_delays_no_other_request(bridge: Bridge) -> None:
    """Safety: a stalled upload blocks its own thread of the server, never the shared loop."""
    app, arrives = bridge(echo), threading.Event()
    given, source = upload(arrives, b"12345", length=5)
    with Exchange(app, given) as stalled:
        stalled.begin_run()
        eventually("the first read", lambda: source.sizes)
        assert fetch(app, environ("POST", body=b"other")).body == b"other"
        arrives.set()
        assert stalled.finish() == b"12345"
