"""Lifespan 2.0: startup once before the first request, and the state that all requests get."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from .apps import Gate, Journal, Receive, Scope, Send, Watched, body, raises, respond, sends, start
from .conftest import Bridge, ErrorLog, LoopFactory
from .harness import Exchange, Outcome, fetch
from .lifespans import COMPLETE, Lifespan
from .patience import eventually


def test_startup_runs_once_before_the_first_request(bare: Bridge, loop_factory: LoopFactory, journal: Journal) -> None:
    """ASGI Lifespan, "Startup": sent when the server is ready; requests wait for startup.complete."""
    app = bare(Lifespan(journal), loop_factory)
    for _ in range(3):
        assert fetch(app).code == 200
    assert journal.entries == ["lifespan.startup", "started"] + [("request", {})] * 3


def test_no_code_of_the_app_runs_before_the_first_request(bare: Bridge, journal: Journal) -> None:
    """Ours: an adapter is created at import, in a process that may fork later; startup belongs in the process that
    serves.
    """
    app = bare(Lifespan(journal))
    assert journal.entries == []
    fetch(app)
    assert journal.entries[0] == "lifespan.startup"


def test_concurrent_first_requests_share_one_startup(bare: Bridge, loop_factory: LoopFactory, journal: Journal) -> None:
    """ASGI Lifespan, "Startup Complete": a server must wait for this message before it processes connections."""
    gate = Gate()
    app = bare(Lifespan(journal, held=gate), loop_factory)
    exchanges = [Exchange(app) for _ in range(8)]
    for exchange in exchanges:
        exchange.begin_run()
    journal.expect("lifespan.startup")
    with pytest.raises(AssertionError, match="not noted"):
        journal.expect(("request", {}), limit=0.2)
    gate.open()
    assert [exchange.finish() for exchange in exchanges] == [b"ok"] * 8
    assert journal.entries.count("lifespan.startup") == 1
    for exchange in exchanges:
        exchange.__exit__()


def test_the_scope_of_the_lifespan_is_complete(bare: Bridge, journal: Journal) -> None:
    """ASGI Lifespan, "Scope": type, asgi["version"], asgi["spec_version"], and a state to fill."""
    app = Lifespan(journal)
    fetch(bare(app))
    assert app.scope["type"] == "lifespan"
    assert app.scope["state"] == {}
    assert app.scope["asgi"]["version"] == "3.0"
    assert app.scope["asgi"]["spec_version"] in ("1.0", "2.0")


def test_state_from_startup_reaches_each_request(bare: Bridge, journal: Journal) -> None:
    """ASGI Lifespan, "Lifespan State": the server passes the state into each subsequent request."""
    app = bare(Lifespan(journal, pool="a pool"))
    fetch(app), fetch(app)
    assert journal.entries.count(("request", {"pool": "a pool"})) == 2


def test_each_request_has_its_own_copy_of_the_state(bare: Bridge) -> None:
    """ASGI Lifespan, "Lifespan State": a shallow copy: keys set by a request are its own, objects of startup are
    shared.
    """
    seen: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["shared"] = []
            await send(COMPLETE)
            await receive()
        else:
            seen.append(dict(scope["state"]))
            scope["state"]["mine"] = 1
            scope["state"]["shared"].append(1)
            await respond(send)

    adapter = bare(app)
    fetch(adapter), fetch(adapter)
    assert ["mine" in state for state in seen] == [False, False]
    assert seen[0]["shared"] is seen[1]["shared"]
    assert seen[1]["shared"] == [1, 1]


@pytest.mark.parametrize(
    "lifespan",
    [raises(NotImplementedError("http only")), raises(AssertionError()), raises(KeyError("path")), sends()],
    ids=["raises", "asserts", "fails over a key", "returns"],
)
def test_an_app_without_lifespan_is_served(
    bare: Bridge, loop_factory: LoopFactory, errors: ErrorLog, lifespan: Any
) -> None:
    """ASGI Lifespan, "Scope": if an exception is raised the server must continue; it is not logged as an error."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (respond(send) if scope["type"] == "http" else lifespan(scope, receive, send))

    adapter = bare(app, loop_factory)
    assert fetch(adapter).code == 200
    assert fetch(adapter).code == 200
    assert errors.records == []


def test_an_app_that_raises_at_the_startup_event_is_served(bare: Bridge) -> None:
    """ASGI Lifespan, "Scope": an exception at lifespan.startup must not stop it either; startup.failed does that."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise TypeError(f"what is {await receive()}?")
        await respond(send)

    assert fetch(bare(app)).code == 200


def failing(scope: Scope, receive: Receive, send: Send) -> Any:
    """A startup that fails as in frameworks: they send startup.failed, then raise."""

    async def fail() -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database at 192.0.2.1"})
            raise ConnectionError("no database")
        await respond(send)

    return fail()


def test_an_app_whose_startup_fails_is_not_served(bare: Bridge, loop_factory: LoopFactory, errors: ErrorLog) -> None:
    """ASGI Lifespan, "Startup Failed": the server should log the message and not start; every request is an error."""
    adapter = bare(failing, loop_factory)
    assert Outcome(adapter).failed
    assert Outcome(adapter).failed
    assert errors.says("no database at 192.0.2.1")


def test_all_requests_that_wait_for_a_failing_startup_fail(bare: Bridge, journal: Journal) -> None:
    """Safety: no request may be left waiting."""
    gate = Gate()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        journal.note("starting")
        await gate.wait()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    adapter = bare(app)
    exchanges = [Exchange(adapter) for _ in range(4)]
    for exchange in exchanges:
        exchange.begin_run()
    journal.expect("starting")
    gate.open()
    for exchange in exchanges:
        with contextlib.suppress(Exception):
            exchange.finish()
            assert exchange.code >= 500
        assert exchange._running.done()
        exchange.__exit__()


def test_the_lifespan_runs_on_the_loop_of_the_requests(bare: Bridge, loop_factory: LoopFactory) -> None:
    """ASGI Lifespan: "being referred to is that of the main event loop": requests use a pool that startup created."""
    loops: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            await receive()
            await send(COMPLETE)
            await receive()
        else:
            await respond(send)

    fetch(bare(app, loop_factory))
    assert len(loops) == 2
    assert loops[0] is loops[1]


def test_each_app_has_its_own_lifespan(bare: Bridge) -> None:
    """ASGI Lifespan, "Scope": adapters share a loop, but not the state."""
    journals = [Journal(), Journal()]
    apps = [bare(Lifespan(journal, number=number)) for number, journal in enumerate(journals)]
    for app in apps:
        fetch(app)
    assert [journal.entries[2] for journal in journals] == [("request", {"number": 0}), ("request", {"number": 1})]
    apps[0].close()
    assert "lifespan.shutdown" in journals[0].entries
    assert "lifespan.shutdown" not in journals[1].entries
    assert fetch(apps[1]).code == 200


def test_an_unknown_lifespan_message_raises_in_the_app(bare: Bridge) -> None:
    """ASGI, "Error Handling": an unknown type is an exception out of send()."""
    caught: list[Exception] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send)
            return
        await receive()
        try:
            await send({"type": "lifespan.nonsense"})
        except Exception as error:
            caught.append(error)
        await send(COMPLETE)
        await receive()

    assert fetch(bare(app)).code == 200
    assert len(caught) == 1


def test_a_request_may_look_up_state_even_without_a_lifespan(bare: Bridge, journal: Journal) -> None:
    """ASGI HTTP, "Connection Scope": state may be missing; if it exists, it has only the app's own keys."""
    app = Watched(sends(start(), body(b"x")))
    scopes: list[Scope] = []

    async def no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        scopes.append(scope)
        await app(scope, receive, send)

    fetch(bare(no_lifespan))
    assert scopes[0].get("state", {}) == {}
    eventually("the request to end", lambda: app.running == 0)
