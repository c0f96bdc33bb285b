"""Apps that violate ASGI: no thread hangs, no 200 looks complete, errors are logged, the next request is served.

ASGI, "Error Handling": the server may surface errors as it wishes, but must end the app and its connection; an invalid
event is an exception out of send(). A WSGI server gets an error as an exception, or as a status of 500.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, Watched, body, hello, live_tasks, raises, respond, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch
from .misbehaving import AFTER_A_BLOCK, BEFORE_THE_HEAD, FIRST, NO_APPS, TRAILERS
from .patience import eventually
from .request import environ

each_before = pytest.mark.parametrize("app", BEFORE_THE_HEAD.values(), ids=BEFORE_THE_HEAD)


each_after = pytest.mark.parametrize("app", AFTER_A_BLOCK.values(), ids=AFTER_A_BLOCK)


@each_before
def test_a_failure_before_the_first_body_block_is_an_error_for_the_server(
    bridge: Bridge, loop_factory: LoopFactory, errors: ErrorLog, app: Any
) -> None:
    """PEP 3333: nothing has been sent, so the client must get a 500; SystemExit would end the worker."""
    adapter = bridge(app, loop_factory)
    outcome = Outcome(adapter)
    assert outcome.failed, f"{outcome.code} {outcome.error!r}"
    assert outcome.code >= 500 or outcome.body == b""
    assert outcome.error or errors.records, "the error is not reported"
    assert fetch(bridge(hello, loop_factory)).body == b"hello", "the loop did not survive it"


@each_after
def test_a_failure_after_a_block_is_an_error_in_place_of_the_next_block(
    bridge: Bridge, loop_factory: LoopFactory, app: Any
) -> None:
    """PEP 3333: the response headers have been sent, so only an exception makes the server cut the connection."""
    outcome = Outcome(bridge(app, loop_factory))
    assert isinstance(outcome.error, Exception), f"{outcome.code} {outcome.error!r}"
    assert b"first".startswith(outcome.body) or set(outcome.body) == {0}
    assert fetch(bridge(hello, loop_factory)).body == b"hello", "the loop did not survive it"


@pytest.mark.parametrize(
    "app",
    [*BEFORE_THE_HEAD.values(), *AFTER_A_BLOCK.values()],
    ids=[*BEFORE_THE_HEAD, *(f"{name} after a block" for name in AFTER_A_BLOCK)],
)
def test_failures_are_logged(bridge: Bridge, errors: ErrorLog, app: Any) -> None:
    """Ours: not every WSGI server logs an application's exceptions, and few log one during the body."""
    Outcome(bridge(app))
    assert errors.records


def test_the_server_gets_the_apps_own_exception(bridge: Bridge) -> None:
    """Ours: error pages and error trackers then show the app's exception."""
    error = LookupError("the app's own")
    outcome = Outcome(bridge(raises(error)))
    chain = [outcome.error, getattr(outcome.error, "__cause__", None), getattr(outcome.error, "__context__", None)]
    assert error in chain


def test_an_error_is_logged_once_with_its_traceback(bridge: Bridge, errors: ErrorLog) -> None:
    """Ours: an operator needs the place of the failure, and only once."""
    error = LookupError("the app's own")
    assert Outcome(bridge(raises(error))).failed
    records = errors.records
    assert len(records) == 1
    assert records[0].exc_info
    assert records[0].exc_info[1] is error


@pytest.mark.parametrize("name", ["sends a line feed in a header value", "sends a status that is text"])
def test_no_part_of_invalid_response_headers_reaches_the_server(bridge: Bridge, name: str) -> None:
    """RFC 9112, 11.1: with a line feed in a header, an attacker could write the rest of the response."""
    with Exchange(bridge(BEFORE_THE_HEAD[name])) as exchange, pytest.raises(Exception):  # noqa: B017, PT011
        exchange.run()
    assert not exchange.values("x-a")
    assert exchange.body == b""


@pytest.mark.parametrize(
    "bad",
    [{"type": "http.response.nonsense"}, {}, start("200"), start(200, [("a", "b")]), body(b"too early"), TRAILERS],
    ids=["unknown type", "no type", "text status", "text header", "body first", "trailers first"],
)
def test_an_invalid_message_raises_in_the_app_which_may_continue(
    bridge: Bridge, loop_factory: LoopFactory, bad: Any
) -> None:
    """ASGI, "Error Handling": the exception comes out of the send awaitable, back to the application."""
    caught: list[Exception] = []

    async def recovers(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(bad)
        except Exception as error:
            caught.append(error)
        await respond(send, b"recovered")

    response = fetch(bridge(recovers, loop_factory))
    assert (response.code, response.body) == (200, b"recovered")
    assert len(caught) == 1
    assert str(caught[0])


@pytest.mark.parametrize("app", NO_APPS)
def test_a_callable_that_is_not_an_asgi_app_is_an_error_and_not_a_hang(bare: Bridge, app: Any) -> None:
    """ASGI, "Applications": a callable of scope, receive and send, which returns an awaitable."""
    try:
        adapter = bare(app)
    except TypeError:
        return  # reported at once, which is even better
    assert Outcome(adapter).failed


def test_an_app_that_cancels_itself_is_an_error(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: an asyncio task may cancel itself; the server must not wait for it."""

    async def cancels_itself(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.sleep(3600)

    assert Outcome(bridge(cancels_itself, loop_factory)).failed


def test_an_app_whose_task_group_fails_leaves_no_task(bridge: Bridge) -> None:
    """Safety: child tasks end with their parent, and the server gets the group's error."""

    async def fails_in_a_group(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/fails":
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(3600))
                raise ValueError("boom")
        await respond(send)

    watched = Watched(fails_in_a_group)
    app = bridge(watched)
    fetch(app)
    before = len(live_tasks(watched.loop))
    with Exchange(app, environ(path="/fails")) as exchange, pytest.raises(ExceptionGroup):
        exchange.run()
    eventually("the tasks to end", lambda: len(live_tasks(watched.loop)) <= before)


@pytest.mark.parametrize("broken", [raises(SystemExit(1)), raises(KeyboardInterrupt)], ids=["exit", "interrupt"])
def test_system_exit_in_one_request_does_not_affect_others(
    bridge: Bridge, loop_factory: LoopFactory, broken: Any
) -> None:
    """Safety: asyncio raises SystemExit and KeyboardInterrupt out of the loop; other requests must survive."""
    gate, journal = Gate(), Journal()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(FIRST)
        journal.note("running")
        await gate.wait()
        await send(body(b", second"))

    with Exchange(bridge(waits, loop_factory)) as exchange:
        exchange.call(), exchange.block()
        assert Outcome(bridge(broken, loop_factory)).failed
        gate.open()
        assert exchange.rest() == b", second"


def test_a_task_that_outlives_its_app_cannot_end_the_loop(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Safety: the same from a task that the adapter does not know."""
    journal = Journal()

    async def exits() -> None:
        journal.note("exiting")
        raise SystemExit(1)

    async def leaves_a_task(scope: Scope, receive: Receive, send: Send) -> None:
        tasks.append(asyncio.ensure_future(exits()))
        await respond(send)

    tasks: list[Any] = []
    app = bridge(leaves_a_task, loop_factory)
    fetch(app)
    journal.expect("exiting")
    for _ in range(3):
        assert fetch(app).body == b"ok"


def test_uwsgi_gets_a_500_in_place_of_the_error(bridge: Bridge, errors: ErrorLog) -> None:
    """Ours: ASGI servers respond with a 500. uWSGI closes the connection of an application that raises."""
    under_uwsgi: dict[str, Any] = {"uwsgi.version": b"2.0"}
    app = bridge(raises(ValueError("too early")))
    assert fetch(app, environ(**under_uwsgi)).code == 500
    assert errors.says("too early")
    late = Outcome(bridge(raises(ValueError("too late"), start(), body(b"first", True))), environ(**under_uwsgi))
    assert late.failed  # after the response headers, the client must see that the response is not complete
