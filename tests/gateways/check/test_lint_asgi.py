"""The tables of the ASGI lint: allowed messages and their order."""

from typing import Any

import pytest

from gateways.check.lint.asgi import FIRST, MESSAGES, ORDER, Conversation

START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
BODY: dict[str, Any] = {"type": "http.response.body", "body": b"x"}
ACCEPT: dict[str, Any] = {"type": "websocket.accept"}


def breaches(kind: str, *messages: Any) -> list[str]:
    conversation = Conversation(kind)
    return [f"{each.seen} | {each.clause}" for message in messages for each in conversation.sent(message)]


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("http", [START, BODY]),
        ("http", [{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}]),
        ("http", [{**START, "headers": iter([[b"a", b"b"]])}, {**BODY, "more_body": True}, BODY]),
        ("websocket", [ACCEPT, {"type": "websocket.send", "text": "a"}, {"type": "websocket.close", "code": 1000}]),
        ("websocket", [{"type": "websocket.close", "reason": "no"}]),
        ("websocket", [ACCEPT, {"type": "websocket.send", "text": None, "bytes": b""}]),
        ("lifespan", [{"type": "lifespan.startup.complete"}]),
        ("lifespan", [{"type": "lifespan.startup.failed", "message": "no database"}]),
    ],
)
def test_valid_messages_are_not_breaches(kind: str, messages: list[Any]) -> None:
    assert breaches(kind, *messages) == []


@pytest.mark.parametrize(
    ("kind", "messages", "said"),
    [
        ("http", [BODY], "http.response.body in the state 'nothing sent' | ASGI HTTP, Response Body"),
        ("http", [START, START], "http.response.start in the state 'headers sent'"),
        ("http", [START, BODY, BODY], "http.response.body in the state 'complete'"),
        ("http", [{**START, "status": "200"}], "status is '200' | ASGI HTTP, Response Start: status: an int"),
        ("http", [{**START, "status": True}], "status is True"),
        ("http", [{**START, "status": 103}], "status is 103 | ASGI HTTP, Response Start: status: a final status"),
        ("http", [{"type": "http.response.start"}], "http.response.start without 'status'"),
        ("http", [{**START, "headers": [("a", "b")]}], "headers is [('a', 'b')]"),
        ("http", [{**START, "headers": {b"a": b"b"}}], "headers is {b'a': b'b'}"),
        ("http", [{**START, "headers": [(b"A", b"b"), (b"c", b"d")]}], "headers is [(b'A', b'b')] "),
        ("http", [{**START, "headers": [(b"a", b"b\r\nc: d")]}], "no CR, LF or NUL"),
        ("http", [START, {**BODY, "body": "x"}], "body is 'x'"),
        ("http", [START, {**BODY, "more_body": 1}], "more_body is 1"),
        ("http", [{"type": "http.respons.start"}], "send() of type 'http.respons.start' in a scope of type 'http'"),
        ("http", [{"type": "websocket.accept"}], "send() of type 'websocket.accept' in a scope of type 'http'"),
        ("http", ["http.response.start"], "send('http.response.start') | ASGI, Events"),
        ("http", [{"type": "http.response.pathsend", "path": "/x"}], "which this server does not offer"),
        ("websocket", [{"type": "websocket.send", "text": "a"}], "websocket.send in the state 'connecting'"),
        ("websocket", [ACCEPT, {"type": "websocket.send"}], "both or neither of bytes and text"),
        ("websocket", [ACCEPT, {"type": "websocket.send", "text": "a", "bytes": b"b"}], "both or neither"),
        ("websocket", [{**ACCEPT, "subprotocol": b"chat"}], "subprotocol is b'chat'"),
        ("lifespan", [{"type": "lifespan.shutdown.complete"}], "in the state 'starting'"),
        ("lifespan", [{"type": "lifespan.startup.complete"}] * 2, "in the state 'started'"),
    ],
)
def test_a_breach_is_reported_with_its_clause(kind: str, messages: list[Any], said: str) -> None:
    found = breaches(kind, *messages)
    assert len(found) == 1
    assert said in found[0]


def test_a_pseudo_header_is_not_a_header() -> None:
    assert "in lower case" in breaches("http", {**START, "headers": [(b":status", b"200")]})[0]


def test_only_an_offered_extension_may_be_used() -> None:
    conversation = Conversation("http", ["http.response.trailers"])
    trailers = {"type": "http.response.trailers", "headers": [(b"x", b"y")]}
    assert [each for message in (START, BODY, trailers) for each in conversation.sent(message)] == []


def test_an_app_that_returns_too_early_is_reported_with_its_state() -> None:
    conversation = Conversation("http")
    conversation.sent(START)
    conversation.sent({**BODY, "more_body": True})
    (breach,) = conversation.returned()
    assert breach.seen == "the app returned in the state 'headers sent'"
    conversation.sent(BODY)
    assert conversation.returned() == []


def test_shutdown_is_followed_by_a_reply_of_the_app() -> None:
    conversation = Conversation("lifespan")
    conversation.sent({"type": "lifespan.startup.complete"})
    conversation.received("lifespan.shutdown")
    assert conversation.sent({"type": "lifespan.shutdown.complete"}) == []


def test_every_message_has_a_place_in_the_order_and_every_state_is_reachable() -> None:
    for kind, states in ORDER.items():
        said = {message for allowed in states.values() for message in allowed}
        assert said == {name for name in MESSAGES if name.startswith(f"{kind}.")}
        reached = {FIRST[kind], *(after for allowed in states.values() for after in allowed.values())}
        assert set(states) - {"complete", "stopping"} <= reached
