"""Context variables (PEP 567) pass through the adapter; logging ids, tracing spans and database routers use them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import ref

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, body, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch

request_id: ContextVar[str] = ContextVar("request_id", default="none")
found: ContextVar[str] = ContextVar("found", default="none")
reported: ContextVar[Any] = ContextVar("reported", default=None)


def in_context(app: Any, name: str) -> Any:
    """WSGI middleware that sets the request's id."""

    def middleware(environ: Any, start_response: Any) -> Any:
        request_id.set(name)
        return app(environ, start_response)

    return middleware


async def tells_its_id(scope: Scope, receive: Receive, send: Send) -> None:
    """Responds with its value of the variable."""
    await respond(send, request_id.get().encode())


def test_the_app_sees_context_variables_set_by_wsgi_middleware(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: the app runs in a copy of the calling thread's context."""
    assert fetch(in_context(bridge(tells_its_id, loop_factory), "seven")).body == b"seven"


def test_context_variables_are_visible_in_every_block_and_after_the_end(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """Safety: one context for the whole of a request."""
    journal = Journal()

    async def streams_its_id(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(3):
            await asyncio.sleep(0)
            await send(body(request_id.get().encode(), True))
        await send(body())
        await asyncio.sleep(0)
        journal.note(request_id.get())

    assert fetch(in_context(bridge(streams_its_id, loop_factory), "seven")).body == b"seven" * 3
    journal.expect("seven")


def test_context_variables_are_visible_in_the_tasks_of_the_app(bridge: Bridge) -> None:
    """PEP 567: a new task copies the context of its creator."""

    async def asks_a_task(scope: Scope, receive: Receive, send: Send) -> None:
        async def ask() -> str:
            return request_id.get()

        await respond(send, (await asyncio.create_task(ask())).encode())

    assert fetch(in_context(bridge(asks_a_task), "seven")).body == b"seven"


def test_concurrent_requests_do_not_see_each_others_context_variables(
    bridge: Bridge, loop_factory: LoopFactory
) -> None:
    """Safety: each request has its own copy."""
    gate, journal = Gate(), Journal()

    async def waits_then_tells(scope: Scope, receive: Receive, send: Send) -> None:
        request_id.set(request_id.get() + "!")
        journal.note("waiting")
        await gate.wait()
        await tells_its_id(scope, receive, send)

    app = bridge(waits_then_tells, loop_factory)
    exchanges = [Exchange(in_context(app, f"request {number}")) for number in range(5)]
    for exchange in exchanges:
        exchange.begin_run()
    journal.last(5)
    gate.open()
    assert [exchange.finish() for exchange in exchanges] == [b"request %d!" % number for number in range(5)]
    for exchange in exchanges:
        exchange.__exit__()


def test_no_context_variable_of_the_first_request_stays_in_the_loop(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: the loop's thread is started during a request, and must not keep that request's variables for all
    others.
    """
    app = bridge(tells_its_id, loop_factory)
    assert fetch(in_context(app, "first")).body == b"first"
    assert fetch(app).body == b"none"


def test_the_lifespan_does_not_run_in_the_context_of_the_first_request(bare: Bridge) -> None:
    """ASGI Lifespan: it lasts as long as the process, so it must not see variables of a request."""
    journal = Journal()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            journal.note(request_id.get())
            await send({"type": "lifespan.startup.complete"})
            await receive()
        else:
            await respond(send)

    fetch(in_context(bare(app), "first"))
    assert journal.entries == ["none"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_wsgi_middleware_sees_variables_that_the_app_set_before_its_response_headers(
    bridge: Bridge, stream: bool
) -> None:
    """Ours: as in asgiref, access logs and tracing around the adapter can read variables of the app (a user, a
    route).
    """
    seen: list[str] = []

    async def sets_a_variable(scope: Scope, receive: Receive, send: Send) -> None:
        found.set("user 9")
        await send(start())
        await send(body(b"one", stream))
        if stream:
            await send(body(b"two"))

    app = bridge(sets_a_variable)

    def middleware(environ: Any, start_response: Any) -> Any:
        blocks = app(environ, start_response)
        seen.append(found.get())
        return blocks

    fetch(middleware)
    assert seen == ["user 9"]


def test_variables_set_by_one_request_are_not_visible_to_the_next_on_another_thread(bridge: Bridge) -> None:
    """Safety: variables of the app are copied to the caller's context only."""

    async def counts_up(scope: Scope, receive: Receive, send: Send) -> None:
        found.set(found.get() + "+")
        await respond(send, found.get().encode())

    app = bridge(counts_up)
    assert fetch(app).body == b"none+"
    assert fetch(app).body == b"none+"


def test_an_app_sees_the_variables_that_middleware_set_for_its_own_request(bridge: Bridge) -> None:
    """Safety: undoing an app's variables must not restore the user of the previous request."""

    async def sets_it_again(scope: Scope, receive: Receive, send: Send) -> None:
        seen = request_id.get()
        request_id.set("checked")
        await respond(send, seen.encode())

    app = bridge(sets_it_again)
    answers: list[bytes] = []

    def serve() -> None:
        for name in ("alice", "checked", "carol"):
            blocks = in_context(app, name)(Exchange(app).environ, lambda *_: None)
            answers.append(b"".join(blocks))
            if hasattr(blocks, "close"):
                blocks.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert answers == [b"alice", b"checked", b"carol"]


def test_a_variable_reset_by_middleware_stays_reset(bridge: Bridge) -> None:
    """Safety: if middleware resets its variable after the app has returned, close() must not set it again."""

    async def sets_it_again(scope: Scope, receive: Receive, send: Send) -> None:
        request_id.set("the app's")
        await respond(send)

    app = bridge(sets_it_again)
    found_after: list[str] = []

    def serve() -> None:
        token = request_id.set("the middleware's")
        blocks = app(Exchange(app).environ, lambda *_: None)
        request_id.reset(token)
        getattr(blocks, "close", int)()
        found_after.append(request_id.get())

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert found_after == ["none"]


def test_a_context_that_is_already_entered_causes_no_error(bridge: Bridge) -> None:
    """PEP 567: a context cannot be entered twice, and the server's thread is inside its own."""
    app = bridge(tells_its_id)
    answers: list[bytes] = []

    def serve() -> None:
        request_id.set("nested")
        answers.append(Context().run(fetch, app).body)  # a separate thread; free-threaded builds pass the context on
        answers.append(b"".join(app(Exchange(app).environ, lambda *_: None)))  # this thread

    thread = threading.Thread(target=copy_context().run, args=(serve,))
    thread.start()
    thread.join(10)
    assert answers == [b"none", b"nested"]


class NotFound(LookupError):
    """An exception to which weak references are possible, unlike to a built-in exception."""


@pytest.mark.parametrize("refer", [lambda error: error, ref], ids=["error", "weak reference"])
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_server_that_logs_an_error_finds_what_refers_to_it(
    bridge: Bridge, blocks: int, refer: Callable[[NotFound], Any]
) -> None:
    """Ours: Sentry sets a variable that refers to an error, and so does not report it again from a log line.

    Variables with other values are reset at once: the thread's next request may be for another application.
    """
    seen: list[tuple[str, bool]] = []

    def see(error: NotFound) -> None:
        value = reported.get()
        seen.append((found.get(), error is (value() if isinstance(value, ref) else value)))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((found.get(), reported.get() is not None))
        found.set("begun")
        if blocks:
            await send(start())
        for number in range(blocks):
            await send(body(b"block", True))
            await asyncio.sleep(0)
            found.set(f"block {number}")
        found.set("failed")
        error = NotFound("the app's")
        reported.set(refer(error))
        raise error

    adapter = bridge(app)

    def request() -> None:
        result: Any = None
        try:
            try:
                result = adapter(Exchange(adapter).environ, lambda *_: None)
                b"".join(result)
            finally:  # as gunicorn does: it closes the iterable first, and then logs the error
                getattr(result, "close", int)()
        except NotFound as error:
            see(error)

    def serve() -> None:
        request()
        request()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert seen == [("none", False), ("none", True)] * 2
