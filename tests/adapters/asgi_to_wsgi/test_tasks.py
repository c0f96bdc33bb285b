"""Apps with several tasks, each of which may call receive() and send(); calls to the adapter from the loop itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from typing import Any

import pytest

from .apps import Receive, Scope, Send, body, hello, respond, start
from .conftest import Bridge, ErrorLog
from .harness import Outcome, fetch, open_stream
from .patience import eventually
from .request import environ

BLOCK = 400_000  # bytes, above the limit of waiting data
user: ContextVar[str] = ContextVar("user", default="nobody")


def test_several_tasks_may_send_concurrently_even_above_the_limit(bridge: Bridge) -> None:
    """Safety: each task that waits for room continues when there is room."""

    async def sends_from_three_tasks(scope: Scope, receive: Receive, send: Send) -> None:
        async def sends_many() -> None:
            for _ in range(10):
                await send(body(b"x" * BLOCK, True))

        await send(start())
        await asyncio.gather(sends_many(), sends_many(), sends_many())
        await send(body())

    assert len(fetch(bridge(sends_from_three_tasks)).body) == 30 * BLOCK


def test_a_task_that_outlives_the_app_cannot_replace_its_error(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI, "Error Handling": the app returned without a response; a message that its task sends later does not
    count.
    """
    tasks: list[asyncio.Task[Any]] = []

    async def returns_early(scope: Scope, receive: Receive, send: Send) -> None:
        async def sends_later() -> None:
            await send(start())
            await send(body(b"never the last", True))

        tasks.append(asyncio.ensure_future(sends_later()))

    assert Outcome(bridge(returns_early)).failed
    eventually("the task to end", tasks[0].done)
    assert isinstance(tasks[0].exception(), OSError)
    assert errors.records


def test_a_call_from_the_adapters_own_loop_is_refused_even_after_the_start(bridge: Bridge) -> None:
    """Safety: a thread that waits for itself would never end."""
    inner = bridge(hello)
    assert fetch(inner).body == b"hello"

    async def calls_an_adapter(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            b"".join(inner(environ(), lambda *_: None))
        except RuntimeError as error:
            await respond(send, str(error).encode())

    assert b"loop" in fetch(bridge(calls_an_adapter)).body


def test_an_app_may_close_its_own_adapter(bridge: Bridge) -> None:
    """Ours: close() does not wait if it is called on its own loop."""
    adapters: list[Any] = []

    async def closes_its_adapter(scope: Scope, receive: Receive, send: Send) -> None:
        adapters[0].close()
        await respond(send)

    adapters.append(bridge(closes_its_adapter))
    assert fetch(adapters[0]).body == b"ok"
    assert isinstance(Outcome(adapters[0]).error, RuntimeError)


def test_variables_set_by_one_request_are_not_visible_to_the_next_on_the_same_thread(bridge: Bridge) -> None:
    """Safety: each request has its own context, as on an ASGI server; a user must not stay logged in for the next
    request.
    """

    async def logs_in(scope: Scope, receive: Receive, send: Send) -> None:
        seen = user.get()
        if scope["path"] == "/login":
            user.set("alice")
        await respond(send, seen.encode())

    app = bridge(logs_in)

    def serve() -> list[bytes]:
        return [b"".join(app(environ(path=path), lambda *_: None)) for path in ("/login", "/", "/login", "/")]

    with ThreadPoolExecutor(1) as server:
        assert server.submit(Context().run, serve).result() == [b"nobody"] * 4


def test_a_disconnect_in_a_task_group_is_not_logged_as_an_error(bridge: Bridge, errors: ErrorLog) -> None:
    """ASGI HTTP 2.4: servers should not log their own exception, even if a task group wraps it or Starlette renames
    it.
    """
    ended: list[str] = []

    class ClientDisconnect(Exception):
        """Starlette's."""

    async def streams(send: Send) -> None:
        try:
            while True:
                await send(body(b"x", True))
                await asyncio.sleep(0)
        except OSError:
            raise ClientDisconnect  # noqa: B904 - as Starlette does

    async def has_two_tasks(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(streams(send))
                group.create_task(streams(send))
        finally:
            ended.append("app")

    with open_stream(bridge(has_two_tasks)) as exchange:
        exchange.close()
        eventually("the app to end", lambda: ended)
    assert fetch(bridge(hello)).body == b"hello"  # the loop has run an iteration since then
    assert errors.records == []


class Unspeakable(BaseException):
    """An error whose repr() fails."""

    def __repr__(self) -> str:
        raise ValueError("no words")

    __str__ = __repr__


@pytest.mark.parametrize("before", [True, False], ids=["before the head", "after a block"])
def test_an_error_whose_repr_fails_is_still_reported(bridge: Bridge, before: bool) -> None:
    """Safety: the server's thread is not left waiting, for any exception of the app."""

    async def raises_it(scope: Scope, receive: Receive, send: Send) -> None:
        if not before:
            await send(start())
            await send(body(b"first", True))
        raise Unspeakable

    assert isinstance(Outcome(bridge(raises_it)).error, Exception)


@pytest.fixture
def full_log() -> Iterator[None]:
    """A log handler that raises, as another library's may."""

    class Full(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            if record.name == "asyncio":
                return True  # the event loop's own code must be able to log
            raise ValueError("the log is full")

    handler = Full()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


@pytest.mark.usefixtures("full_log")
def test_an_error_is_raised_even_if_logging_fails(bridge: Bridge) -> None:
    """Safety: the server's thread must not depend on filters and handlers, which are other code."""

    async def raises_an_error(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError("the app's own")

    assert Outcome(bridge(raises_an_error)).failed
