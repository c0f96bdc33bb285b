"""Fixtures of the contract: the adapter under test, for any app, closed at the end of the test."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from .apps import Journal, Receive, Scope, Send, http_only, respond
from .contenders import LoopFactory as Factory
from .contenders import contender, is_ours
from .harness import fetch
from .request import environ

Bridge = Callable[..., Any]
LoopFactory = Factory | None


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> LoopFactory:
    """The loop factory: asyncio's own, and uvloop's."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def bare() -> Iterator[Bridge]:
    """Create an adapter for an app that gets every scope."""
    made: list[Any] = []

    def make(app: Any, loop_factory: LoopFactory = None, **options: Any) -> Any:
        try:
            made.append(contender().make(app, loop_factory, **options))
        except TypeError:
            if is_ours() or not options:
                raise
            pytest.skip(f"this adapter does not have {', '.join(options)}")
        return made[-1]

    yield make
    for one in made:
        closing = threading.Thread(target=getattr(one, "close", lambda: None), daemon=True)
        closing.start()
        closing.join(15)
        assert not closing.is_alive(), "close() of the adapter has not ended after 15 s"


@pytest.fixture
def bridge(bare: Bridge) -> Bridge:
    """Create an adapter for an app that only needs http."""

    def make(app: Any, loop_factory: LoopFactory = None, **options: Any) -> Any:
        return bare(http_only(app), loop_factory, **options)

    return make


class ErrorLog:
    """The errors logged so far, without those of the event loop itself."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    @property
    def records(self) -> list[logging.LogRecord]:
        """All records, the oldest first."""
        return [one for one in self._caplog.records if one.levelno >= logging.ERROR and one.name != "asyncio"]

    def says(self, text: str) -> bool:
        """Return True if a record has `text` in its message or exception."""
        return any(text in f"{record.getMessage()} {record.exc_info}" for record in self.records)


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> ErrorLog:
    """The log of this test."""
    return ErrorLog(caplog)


@pytest.fixture
def journal() -> Journal:
    """The journal of an app."""
    return Journal()


@pytest.fixture
def seen(bridge: Bridge) -> Any:
    """Send one request with this environ and return the scope that the app got."""

    def ask(method: str = "GET", path: str = "/", **more: Any) -> Scope:
        scopes: list[Scope] = []

        async def keeps_its_scope(scope: Scope, receive: Receive, send: Send) -> None:
            scopes.append(scope)
            await respond(send)

        assert fetch(bridge(keeps_its_scope), environ(method, path, **more)).code == 200
        return scopes[0]

    return ask
