"""The reference app in ASGI, called event by event."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from gateways.asgi import app as module
from gateways.asgi.app import app
from tests.gateways.asgi.harness import GONE, Connection, ask, conversation, response_of, scope_of
from tests.gateways.cases import CASES, Request, Response, post

SOURCE = Path(module.__file__).read_bytes()


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run the test, and check that no task of the app is left."""

    async def main() -> None:
        await test()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @wraps(test)
    def run() -> None:
        asyncio.run(main())

    return run


@pytest.mark.parametrize(("request_", "response"), CASES, ids=str)
def test_each_request_has_its_response(request_: Request, response: Response) -> None:
    assert ask(app, request_) == response


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("", "/hello", 200),
        ("/app", "/app/hello", 200),
        ("/app", "/app", 200),
        ("/app", "/apple", 404),
        ("/app", "/hello", 200),  # a server whose path does not include the root path
        ("/app", "/app/app/hello", 404),
    ],
)
def test_the_root_path_is_cut_at_a_segment_boundary(root: str, path: str, status: int) -> None:
    assert ask(app, Request(path.encode()), root_path=root).status == status


def test_two_chunks_are_two_events() -> None:
    events = asyncio.run(conversation(app, scope_of(Request(b"/two-chunks"))))
    assert [event.get("body") for event in events] == [None, b"the first chunk\n", b"the second chunk\n", None]


@on_a_loop
async def test_a_block_is_sent_before_the_next_is_produced() -> None:
    async with Connection(app, scope_of(Request(b"/stream?chunks=1000&delay=10"))) as connection:
        assert (await connection.next())["status"] == 200
        assert await connection.next() == {
            "type": "http.response.body",
            "body": b"chunk 1 of 1000\n",
            "more_body": True,
        }
        assert connection.sent.empty()


@pytest.mark.parametrize("target", [b"/stream?delay=10", b"/events?delay=10", b"/sleep?seconds=30"])
def test_a_waiting_app_ends_on_a_disconnect(target: bytes) -> None:
    @on_a_loop
    async def test() -> None:
        async with Connection(app, scope_of(Request(target))) as connection:
            connection.tell("http.request", body=b"", more_body=False)
            if target != b"/sleep?seconds=30":
                await connection.next()
                await connection.next()
            connection.tell("http.disconnect")
            assert await connection.ended() == []

    test()


@on_a_loop
async def test_a_cancelled_stream_leaves_no_task() -> None:
    async with Connection(app, scope_of(Request(b"/stream?delay=10"))) as connection:
        await connection.next()
        connection.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connection.ended()


@on_a_loop
async def test_a_head_request_for_a_stream_produces_no_block() -> None:
    start, end = await conversation(app, scope_of(Request(b"/stream?chunks=1000&delay=10", "HEAD")))
    assert start["status"] == 200
    assert end == {"type": "http.response.body"}


@on_a_loop
async def test_echo_sends_each_block_before_the_next_arrives() -> None:
    async with Connection(app, scope_of(Request(b"/echo", "POST"))) as connection:
        assert (await connection.next())["type"] == "http.response.start"
        for block in (b"one", b"two"):
            connection.tell("http.request", body=block, more_body=True)
            assert await connection.next() == {"type": "http.response.body", "body": block, "more_body": True}
        connection.tell("http.request", body=b"three")
        assert [event.get("body") for event in await connection.ended()] == [b"three", None]


@pytest.mark.parametrize(("target", "sent"), [(b"/echo", 2), (b"/upload", 0), (b"/content-length", 0)])
def test_a_truncated_body_never_gets_a_complete_response(target: bytes, sent: int) -> None:
    begun = {"type": "http.request", "body": b"hel", "more_body": True}
    events = asyncio.run(conversation(app, scope_of(post(target, b"hello")), begun, GONE))
    assert len(events) == sent
    assert all(event.get("more_body") for event in events[1:])


def test_an_upload_is_read_from_its_events() -> None:
    blocks = [{"type": "http.request", "body": bytes(size), "more_body": True} for size in (0, 1, 65_537)]
    end = {"type": "http.request"}
    events = asyncio.run(conversation(app, scope_of(Request(b"/upload", "POST")), *blocks, end))
    report = {"length": 65_538, "sha256": hashlib.sha256(bytes(65_538)).hexdigest()}
    assert json.loads(response_of(events).body) == report


def test_inside_shows_the_scope() -> None:
    given = json.loads(ask(app, Request(b"/inside?a=%C3%A9"), client=("127.0.0.1", 5)).body)
    assert given["query_string"] == "b'a=%C3%A9'"
    assert given["headers"] == [["b'host'", "b'testserver'"]]
    assert given["client"] == ["127.0.0.1", 5]


@on_a_loop
async def test_background_responds_before_its_work_is_finished() -> None:
    state: dict[str, Any] = {}
    async with Connection(app, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}) as server:
        server.tell("lifespan.startup")
        assert await server.next() == {"type": "lifespan.startup.complete"}
        async with Connection(app, scope_of(post(b"/background?seconds=0.1", b""), state=state.copy())) as connection:
            answer = response_of([await connection.next(), await connection.next()])
            assert (answer.status, list(state["finished"])) == (202, [])
            await connection.ended()
        events = await conversation(app, scope_of(Request(b"/background"), state=state.copy()))
        assert json.loads(response_of(events).body) == {"finished": [json.loads(answer.body)["job"]]}
        server.tell("lifespan.shutdown")
        assert await server.ended() == [{"type": "lifespan.shutdown.complete"}]


def test_background_works_without_lifespan() -> None:
    job = json.loads(ask(app, post(b"/background?seconds=0", b"")).body)["job"]
    assert json.loads(ask(app, Request(b"/background")).body)["finished"][-1] == job
    assert json.loads(ask(app, Request(b"/background"), state={}).body)["finished"][-1] == job


def test_lifespan_works_without_lifespan_state() -> None:
    told = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    events = asyncio.run(conversation(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, *told))
    assert [event["type"] for event in events] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("extensions", [None, {}])
def test_a_file_is_sent_in_blocks(extensions: dict[str, Any] | None) -> None:
    response = ask(app, Request(b"/file"), extensions=extensions)
    assert (response.body, response.headers["content-length"]) == (SOURCE, str(len(SOURCE)))


def test_a_file_is_passed_to_the_server_if_it_offers_pathsend() -> None:
    scope = scope_of(Request(b"/file"), extensions={"http.response.pathsend": {}})
    start, path = asyncio.run(conversation(app, scope))
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(SOURCE)
    assert path == {"type": "http.response.pathsend", "path": module.__file__}


@on_a_loop
async def test_a_websocket_echoes_text_and_bytes_until_the_client_disconnects() -> None:
    scope = scope_of(Request(b"/ws"), type="websocket")
    async with Connection(app, scope) as connection:
        connection.tell("websocket.connect")
        assert await connection.next() == {"type": "websocket.accept"}
        for message in ({"text": "é"}, {"bytes": b"\xff"}, {"text": "", "bytes": None}):
            connection.tell("websocket.receive", **message)
            assert await connection.next() == {"type": "websocket.send", **message}
        connection.tell("websocket.disconnect", code=1000)
        assert await connection.ended() == []


@on_a_loop
async def test_a_websocket_on_another_path_is_refused() -> None:
    scope = scope_of(Request(b"/hello"), type="websocket")
    assert await conversation(app, scope, {"type": "websocket.connect"}) == [{"type": "websocket.close"}]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_http_on_the_websocket_route_gets_an_upgrade_required(method: str) -> None:
    response = ask(app, Request(b"/ws", method))
    assert response.status == 426
    assert (response.headers["upgrade"], response.headers["connection"]) == ("websocket", "upgrade")


def test_a_scope_of_an_unknown_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="type 'telegraph'"):
        asyncio.run(conversation(app, {"type": "telegraph"}))
