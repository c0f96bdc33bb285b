"""An application whose startup hangs: close() releases the threads that wait for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from gateways.adapters import ASGIToWSGI, asgi_to_wsgi
from gateways.adapters.run_asgi.lifespan import LifespanFailed
from tests.adapters.asgi_to_wsgi.request import environ


def test_close_aborts_a_startup_that_hangs_and_the_request_that_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asgi_to_wsgi, "CLOSE_SECONDS", 0.1)
    starting, cancelled = threading.Event(), threading.Event()

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        starting.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    app = ASGIToWSGI(hangs)
    raised: list[BaseException] = []

    def request() -> None:
        try:
            app(environ(), lambda *_: bytes)
        except LifespanFailed as error:
            raised.append(error)

    thread = threading.Thread(target=request)
    thread.start()
    assert starting.wait(10)
    with caplog.at_level(logging.ERROR):
        app.close()
    thread.join(10)
    assert not thread.is_alive()
    assert [str(error) for error in raised] == ["close() was called while the application was starting"]
    assert cancelled.wait(10)
    assert "still starting" in caplog.text
