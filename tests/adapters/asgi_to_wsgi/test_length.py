"""Content-Length, and responses without content: RFC 9110 between an ASGI app and a WSGI server."""

from __future__ import annotations

import asyncio

import pytest

from .apps import Journal, Receive, Scope, Send, body, hello, sends, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch
from .request import environ


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["HEAD", "204", "304"])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_response_that_must_not_have_content_has_none(bridge: Bridge, method: str, status: int, parts: int) -> None:
    """RFC 9110, 6.4.1: ASGI apps respond to HEAD as to GET, and expect the server to drop the body; few WSGI servers
    do.
    """
    blocks = [body(b"block", number < parts - 1) for number in range(parts)]
    response = fetch(bridge(sends(start(status, [(b"etag", b'"1"')]), *blocks)), environ(method))
    assert (response.code, response.body, response.values("etag")) == (status, b"", ['"1"'])


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["HEAD", "204", "304"])
def test_an_endless_stream_without_content_ends_after_its_response_headers(
    bridge: Bridge, loop_factory: LoopFactory, method: str, status: int
) -> None:
    """Safety: a server without data to write does not detect a disconnect, so `curl -I` would hold a thread."""
    journal = Journal()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(start(status))
            while True:
                await send(body(b"data: 1\n\n", True))
                await asyncio.sleep(0.001)
        finally:
            journal.note("ended")

    with Exchange(bridge(streams, loop_factory), environ(method)) as exchange:
        exchange.begin_run()
        assert exchange.finish() == b""
        assert exchange.code == status
    journal.expect("ended")


def test_an_app_that_only_sends_in_response_to_head_delays_no_other_request(bridge: Bridge) -> None:
    """Safety: blocks that are not sent need no buffer, and other requests must run meanwhile."""

    async def sends_without_pause(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        while True:
            await send(body(bytes(1000), True))

    with Exchange(bridge(sends_without_pause), environ("HEAD")) as exchange:
        exchange.begin_run()
        assert fetch(bridge(hello)).body == b"hello"
        exchange.finish()


def test_an_app_may_continue_after_its_response_to_head(bridge: Bridge) -> None:
    """ASGI HTTP, "Response Body": the server drops only the content."""
    journal = Journal()

    async def works_afterwards(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", True))
        await send(body(b"two"))
        await asyncio.sleep(1.5)  # longer than the grace period after a disconnect
        journal.note("worked")

    assert fetch(bridge(works_afterwards), environ("HEAD")).body == b""
    journal.expect("worked")


def test_a_body_in_one_block_has_a_content_length(bridge: Bridge) -> None:
    """RFC 9110, 8.6: a sender should state a known length; otherwise some servers send one block in chunks."""
    assert fetch(bridge(sends(start(), body(b"12345")))).values("content-length") == ["5"]
    assert fetch(bridge(sends(start(204), body(b"12345")))).values("content-length") == []


def test_a_204_has_no_content_length(bridge: Bridge) -> None:
    """RFC 9110, 8.6: a server must not send a Content-Length with a 204; some applications set it to 0."""
    response = fetch(bridge(sends(start(204, [(b"content-length", b"0"), (b"x-more", b"1")]), body())))
    assert (response.values("content-length"), response.values("x-more")) == ([], ["1"])


@pytest.mark.parametrize("parts", [1, 2])
def test_the_content_length_of_a_response_to_head_is_kept(bridge: Bridge, parts: int) -> None:
    """RFC 9110, 9.3.2: the headers for HEAD are those for GET; the missing content is not an error."""
    blocks = [body(b"12345"[: 5 // parts], True)] * (parts - 1) + [body(b"12345")]
    length = str(sum(len(message["body"]) for message in blocks)).encode()
    response = fetch(bridge(sends(start(200, [(b"content-length", length)]), *blocks)), environ("HEAD"))
    assert (response.values("content-length"), response.body) == ([length.decode()], b"")


def test_a_response_to_head_never_has_a_content_length_of_0(bridge: Bridge) -> None:
    """RFC 9110, 8.6: a Content-Length for HEAD is that for GET, or absent; for [b""] a server would state 0."""
    with Exchange(bridge(sends(start(200, []), body(b"12345"))), environ("HEAD")) as exchange:
        result = exchange.call()
        assert exchange.rest() == b""
        if isinstance(result, (list, tuple)) or exchange.values("content-length"):
            assert exchange.values("content-length") == ["5"]


def test_the_content_length_of_the_app_is_passed_on(bridge: Bridge) -> None:
    """PEP 3333: the server must not add or change a length that the app gave."""
    response = fetch(bridge(hello))
    assert response.values("content-length") == ["5"]
    assert response.body == b"hello"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_never_more_than_the_content_length_is_sent(bridge: Bridge, stream: bool) -> None:
    """PEP 3333: bytes past the length would be read as the next response."""
    first = [body(b"123", True)] if stream else []
    outcome = Outcome(bridge(sends(start(200, [(b"content-length", b"5")]), *first, body(b"4567890"))))
    assert len(outcome.body) <= 5 or outcome.code >= 500
    assert outcome.failed or len(outcome.body) == 5


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_less_than_the_content_length_never_looks_complete(bridge: Bridge, stream: bool) -> None:
    """PEP 3333: a server should then close the connection, so it must get the error."""
    first = [body(b"1", True)] if stream else []
    outcome = Outcome(bridge(sends(start(200, [(b"content-length", b"5")]), *first, body(b"2"))))
    assert outcome.failed


@pytest.mark.parametrize("block", [b"1", b"1234567890"], ids=["less", "more"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_error_and_the_log_state_the_wrong_length(
    bridge: Bridge, errors: ErrorLog, block: bytes, stream: bool
) -> None:
    """Ours: the reader of the message must see which length was stated."""
    first = [body(b"1", True)] if stream else []
    outcome = Outcome(bridge(sends(start(200, [(b"content-length", b"5")]), *first, body(block))))
    assert "Content-Length" in str(outcome.error)
    assert errors.says("Content-Length")
