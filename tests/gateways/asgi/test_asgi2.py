"""ASGI 2: a callable that returns an async callable sends the same responses as ASGI 3."""

import asyncio
from typing import Any

import pytest

from gateways.asgi.app import app
from gateways.asgi.asgi2 import App
from tests.gateways.asgi.harness import Connection, ask, scope_of
from tests.gateways.cases import CASES, Request, Response, post

SHOWN = [(request, response) for request, response in CASES if request.target.startswith((b"/hello?", b"/stream"))]


async def double(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Call App as an ASGI 2 server does."""
    instance = App(scope)
    await instance(receive, send)


@pytest.mark.parametrize(("request_", "response"), SHOWN, ids=str)
def test_the_asgi_2_app_responds_as_the_asgi_3_app(request_: Request, response: Response) -> None:
    assert ask(double, request_) == response


def test_other_routes_and_methods_are_refused() -> None:
    assert ask(double, Request(b"/json")).status == 404
    assert ask(double, post(b"/hello", b"")) == ask(app, post(b"/hello", b""))


def test_a_stream_ends_on_a_disconnect() -> None:
    async def main() -> None:
        async with Connection(double, scope_of(Request(b"/stream?delay=10"))) as connection:
            await connection.next()
            assert (await connection.next())["body"] == b"chunk 1 of 5\n"
            connection.tell("http.disconnect")
            assert await connection.ended() == []

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_a_scope_of_another_type_is_refused_before_the_second_call(kind: str) -> None:
    with pytest.raises(ValueError, match=f"type '{kind}'"):
        App({"type": kind})
