"""Forms of ASGI applications: single and double callables of every kind (ASGI, "Applications")."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from .apps import Receive, Scope, Send, respond
from .conftest import Bridge, LoopFactory
from .harness import fetch
from .request import environ


class Double:
    """ASGI 2: called with the scope, it returns a callable of receive and send."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, receive: Receive, send: Send) -> None:
        await respond(send, self.scope["path"].encode())


def double(scope: Scope) -> Any:
    """The same as a function."""
    assert scope["type"] == "http"

    async def instance(receive: Receive, send: Send) -> None:
        await respond(send, scope["path"].encode())

    return instance


class Methods:
    """An object whose method is an app of ASGI 2 or 3."""

    async def single(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await respond(send, scope["path"].encode())

    def double(self, scope: Scope) -> Any:
        return Double(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.single(scope, receive, send)


async def takes_more(scope: Scope, receive: Receive, send: Send, greeting: bytes = b"") -> None:
    """An app with an option."""
    assert scope["type"] == "http"
    await respond(send, greeting + scope["path"].encode())


def gives_a_coroutine(scope: Scope, receive: Receive, send: Send) -> Any:
    """ASGI 3 without `async`: its return value is awaited."""
    return Methods().single(scope, receive, send)


def decorated(*args: Any, **kwargs: Any) -> Any:
    """ASGI 3 behind a decorator that hides its parameters."""
    return Methods().single(*args, **kwargs)


def name_of(app: Any) -> str:
    return str(getattr(app, "__qualname__", type(app).__name__))


@pytest.mark.parametrize(
    "app",
    [
        Methods().single,
        Methods(),
        functools.partial(takes_more, greeting=b""),
        takes_more,
        gives_a_coroutine,
        decorated,
        lambda scope, receive, send: Methods().single(scope, receive, send),
    ],
    ids=name_of,
)
def test_every_form_of_application_is_called_correctly(bare: Bridge, loop_factory: LoopFactory, app: Any) -> None:
    """ASGI, "Applications": a callable of any kind that returns an awaitable."""
    assert fetch(bare(app, loop_factory), environ(path="/path")).body == b"/path"


@pytest.mark.parametrize("app", [Double, double, Methods().double, functools.partial(double)], ids=name_of)
def test_an_asgi_2_application_is_called_correctly(bare: Bridge, loop_factory: LoopFactory, app: Any) -> None:
    """Ours: the double callables of ASGI 2 ("Legacy Applications") are served too."""
    assert fetch(bare(app, loop_factory), environ(path="/path")).body == b"/path"
