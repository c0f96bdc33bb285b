"""An observed ASGI app: its events are recorded, and its server cannot distinguish it from the app itself."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from gateways.asgi.trace import access_log, watch
from gateways.events.access import ASGIApp, Message, Receive, Scope, Send
from gateways.events.events import Event, raised

WRAPPERS = [watch, access_log]
SCOPE = {"type": "http", "method": "GET", "path": "/é", "raw_path": b"/%C3%A9", "query_string": b"a=1", "headers": []}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": message["body"], "more_body": True})
    await send({"type": "http.response.body"})


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def drop(message: Message) -> None:
    """A send() that discards messages."""


def run(app: ASGIApp, scope: dict[str, Any], *messages: Message) -> list[Message]:
    """Return the app's messages after it has received these messages."""
    incoming, sent = list(messages), []

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def main() -> None:
        await app(scope, receive, send)

    asyncio.run(main())
    return sent


def steps(events: list[Event]) -> list[tuple[str, Any]]:
    return [(kind, data) for _, _, _, kind, data in events]


REQUEST = {"type": "http.request", "body": b"abc", "more_body": False}


def test_every_step_is_recorded_in_order_and_with_its_time() -> None:
    events: list[Event] = []
    sent = run(watch(echo, events.append), SCOPE, REQUEST)
    assert steps(events) == [
        ("scope", SCOPE),
        ("receive", REQUEST),
        *(("send", message) for message in sent),
        ("returned", None),
        ("end", None),
    ]
    times = [when for when, *_ in events]
    assert times == sorted(times)


def test_two_requests_are_two_exchanges() -> None:
    events: list[Event] = []
    watched = watch(echo, events.append)
    run(watched, SCOPE, REQUEST)
    run(watched, SCOPE, REQUEST)
    assert sorted({exchange for _, _, exchange, _, _ in events}) == [1, 2]


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_the_observer_does_not_change_what_the_server_sees(wrap: Callable[..., ASGIApp]) -> None:
    assert run(wrap(echo, list), SCOPE, REQUEST) == run(echo, SCOPE, REQUEST)


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_the_lifespan_state_is_the_servers_own_object_and_is_recorded_as_it_was(wrap: Callable[..., ASGIApp]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        scope["state"]["ready"] = True
        await send({"type": "lifespan.startup.complete"})

    events: list[Event] = []
    scope: dict[str, Any] = {"type": "lifespan", "state": {}}
    assert run(wrap(app, events.append), scope, {"type": "lifespan.startup"}) == [{"type": "lifespan.startup.complete"}]
    assert scope["state"] == {"ready": True}
    if wrap is watch:
        assert events[0][4] == {"type": "lifespan", "state": {}}
    else:
        assert events == []


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("error", [ValueError("in the app"), asyncio.CancelledError("left")])
def test_an_error_in_the_app_reaches_the_server_unchanged(wrap: Callable[..., ASGIApp], error: BaseException) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async def caught() -> BaseException | None:
        try:
            await wrap(app, events.append)(SCOPE, nothing, drop)
        except BaseException as seen:
            return seen
        return None

    events: list[Event] = []
    assert asyncio.run(caught()) is error
    if wrap is watch:
        assert steps(events)[1:] == [("raised", raised(error)), ("end", None)]


def test_an_error_of_the_server_reaches_the_app() -> None:
    async def gone(message: Message) -> None:
        raise OSError("the client left")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(OSError, match="the client left"):
            await send({"type": "http.response.start", "status": 200})

    events: list[Event] = []

    async def main() -> None:
        await watch(app, events.append)(SCOPE, nothing, gone)

    asyncio.run(main())
    assert [kind for kind, _ in steps(events)] == ["scope", "send", "returned", "end"]


def test_an_invalid_message_is_left_to_the_server() -> None:
    async def app(scope: Scope, receive: Receive, send: Any) -> None:
        await send("nonsense")

    events: list[Event] = []
    run(watch(app, events.append), SCOPE)
    assert ("send", "nonsense") in steps(events)


def test_the_access_event_contains_request_and_response() -> None:
    events: list[Event] = []
    run(access_log(echo, events.append), SCOPE, REQUEST)
    (event,) = events
    method, path, query, status, size, seconds, flaw, client, version = event[4]
    assert event[3] == "access"
    assert (method, path, query, status, size, flaw) == ("GET", b"/%C3%A9", b"a=1", 200, 3, "")
    assert (client, version) == (SCOPE.get("client"), SCOPE.get("http_version"))
    assert 0 < seconds < 5


async def leaves_off(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"123", "more_body": True})


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError


@pytest.mark.parametrize(
    ("app", "message", "told"),
    [
        (leaves_off, REQUEST, (200, 3, "not complete")),
        (leaves_off, {"type": "http.disconnect"}, (200, 3, "client left")),
        (fails, REQUEST, (0, 0, "raised ValueError")),
    ],
)
def test_the_access_event_names_why_a_response_is_incomplete(
    app: ASGIApp, message: Message, told: tuple[int, int, str]
) -> None:
    events: list[Event] = []
    with contextlib.suppress(ValueError):
        run(access_log(app, events.append), SCOPE, message)
    data = events[0][4]
    assert (data[3], data[4], data[6]) == told


def test_the_access_event_reports_that_the_server_could_not_send() -> None:
    async def gone(message: Message) -> None:
        raise ConnectionResetError

    async def main() -> None:
        await access_log(echo, events.append)(SCOPE, given, gone)

    async def given() -> Message:
        return dict(REQUEST)

    events: list[Event] = []
    with pytest.raises(ConnectionResetError):
        asyncio.run(main())
    assert events[0][4][3:5] == (0, 0)
    assert events[0][4][6] == "client left"
