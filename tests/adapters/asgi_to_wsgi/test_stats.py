"""stats(): the figures of requests, background work, errors and disconnects, and the age of the oldest request."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from .apps import Gate, Receive, Scope, Send, endless, read_all, respond, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, Outcome, fetch
from .patience import eventually
from .request import environ


def by_path(gate: Gate) -> Any:
    """An app whose behaviour depends on the path."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/works":
            await respond(send, b"12345")
            await gate.wait()
        elif scope["path"] == "/stream":
            await endless(scope, receive, send)
        elif scope["path"] == "/fails":
            raise ValueError("failed")
        elif scope["path"] == "/waits":
            await gate.wait()
            await respond(send, b"1234567")

    return app


def figures(app: Any) -> tuple[int, ...]:
    """Return the figures without the age."""
    stats = app.stats()
    assert stats.oldest >= 0
    return (stats.tasks, stats.background, stats.requests, stats.errors, stats.disconnects, stats.bytes)


def test_figures_are_zero_before_the_first_request(bridge: Bridge) -> None:
    """Ours."""
    app = bridge(endless)
    assert figures(app) == (0, 0, 0, 0, 0, 0)
    assert app.stats().oldest == 0


def test_stats_count_requests_background_work_and_errors(bridge: Bridge, loop_factory: LoopFactory) -> None:
    """Ours."""
    gate = Gate()
    app = bridge(by_path(gate), loop_factory)
    with Exchange(app, environ(path="/waits")) as waits:
        waits.begin_run()
        eventually("the request", lambda: app.stats().tasks == 1)
        fetch(app, environ(path="/works"))
        assert Outcome(app, environ(path="/fails")).failed
        assert figures(app) == (1, 1, 3, 1, 0, 5)
        assert 0 < app.stats().oldest < 60
        gate.open()
        waits.finish()
    eventually("the end of both", lambda: figures(app) == (0, 0, 3, 1, 0, 12))
    assert app.stats().oldest == 0


def test_a_disconnect_is_not_counted_as_an_error(bridge: Bridge) -> None:
    """Ours."""
    app = bridge(by_path(Gate()))
    with Exchange(app, environ(path="/stream")) as exchange:
        exchange.call()
        exchange.block()
        exchange.close()
    eventually("the disconnect", lambda: (app.stats().disconnects, app.stats().errors, app.stats().tasks) == (1, 0, 0))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_bytes_of_a_file_are_counted(bridge: Bridge, tmp_path: Path, method: str) -> None:
    """Ours."""
    file = tmp_path / "file"
    file.write_bytes(b"x" * 1000)

    async def sends_it(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send({"type": "http.response.pathsend", "path": str(file)})

    app = bridge(sends_it, pathsend=True)
    fetch(app, environ(method, wsgi_file_wrapper=FileWrapper))
    eventually("the file", lambda: app.stats().bytes == (1000 if method == "GET" else 0))
    assert app.stats().disconnects == 0


def test_a_truncated_body_counts_as_a_disconnect(bridge: Bridge) -> None:
    """Ours."""

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await read_all(receive)

    app = bridge(reads)
    given = environ("POST", wsgi_input=io.BytesIO(b"12345"), CONTENT_LENGTH="10")
    assert Outcome(app, given).failed
    eventually("the disconnect", lambda: (app.stats().disconnects, app.stats().errors) == (1, 0))
