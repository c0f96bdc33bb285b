"""Work of an app after its complete response: messages are ignored, errors are logged (ASGI HTTP 2.5)."""

from __future__ import annotations

from typing import Any

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, body, raises, respond, sends, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import fetch
from .misbehaving import FIRST, TRAILERS
from .patience import eventually


@pytest.mark.parametrize(
    "late", [body(b"late"), body(b"late", True), start(500), TRAILERS, {"type": "http.response.x"}]
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_messages_after_the_end_are_ignored(bridge: Bridge, errors: ErrorLog, late: Any, stream: bool) -> None:
    """ASGI HTTP, "Response Body": further messages on the channel will be ignored; ASGI: send acts as a no-op."""
    journal = Journal()

    async def sends_late(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        if stream:
            await send(FIRST)
        await send(body(b"end"))
        await send(late)
        journal.note("no error")

    response = fetch(bridge(sends_late))
    assert (response.code, response.body) == (200, b"firstend" if stream else b"end")
    journal.expect("no error")
    assert not errors.records


def test_announced_trailers_do_not_keep_the_response_open(bridge: Bridge) -> None:
    """ASGI HTTP Trailers: not offered here, so a response that announces them ends with its last body."""
    assert fetch(bridge(sends(start(200, trailers=True), body(b"x"), TRAILERS))).body == b"x"


def test_an_error_after_the_end_is_logged_and_does_not_affect_the_response(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI, "Error Handling": a failure of background work can only be logged, because the response is complete."""
    error = ValueError("too late")
    response = fetch(bridge(raises(error, start(), body(b"done"))))
    assert (response.code, response.body) == (200, b"done")
    eventually(
        "a record of it", lambda: any(record.exc_info and record.exc_info[1] is error for record in errors.records)
    )


def test_an_app_that_never_returns_does_not_delay_the_end_of_its_response(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """ASGI HTTP: the response is complete when more_body is False, even if the coroutine continues."""
    gate = Gate()

    async def never_returns(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"done")
        await gate.wait()

    assert fetch(bridge(never_returns, loop_factory)).body == b"done"
    gate.open()
