"""An app behind both adapters, one after the other: data that one adapter loses is missing in the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from .apps import Journal
from .conftest import Bridge
from .harness import Exchange, Outcome, fetch
from .request import environ


@pytest.fixture
def around(bare: Bridge) -> Iterator[Any]:
    """Put a WSGI app behind WSGIToASGI, and the resulting ASGI app behind the adapter under test."""
    from gateways.adapters import WSGIToASGI

    made: list[Any] = []

    def make(app: Any) -> Any:
        made.append(WSGIToASGI(app))
        return bare(made[-1])

    yield make
    for inner in made:
        inner.close()


def test_a_request_passes_unchanged(around: Any) -> None:
    """PEP 3333: the app's environ and input have the values of the outer server."""
    keys = (
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "PATH_INFO",
        "QUERY_STRING",
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "HTTP_X_NAME",
    )
    seen: dict[str, Any] = {}

    def app(inner: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update({key: inner.get(key) for key in keys}, body=inner["wsgi.input"].read())
        start_response("201 Created", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [b"made"]

    given = environ(
        "POST", "/caf\xc3\xa9", body=b"12345", SCRIPT_NAME="/shop", QUERY_STRING="a=%20", HTTP_X_NAME="\xff"
    )
    given["CONTENT_TYPE"] = "text/plain"
    expected = {key: given.get(key) for key in keys}
    response = fetch(around(app), given)
    assert seen == {**expected, "body": b"12345"}
    assert (response.status, response.body) == ("201 Created", b"made")
    assert response.values("set-cookie") == ["a=1", "b=2"]


def test_a_disconnect_closes_the_inner_iterable(around: Any) -> None:
    """PEP 3333: close() of the app's own iterable is called through both adapters."""
    journal = Journal()

    class Blocks:
        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            return b"x" * 1000

        def close(self) -> None:
            journal.note("closed")

    def app(inner: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Blocks()

    with Exchange(around(app)) as exchange:
        exchange.call()
        exchange.block()
        exchange.close()
        journal.expect("closed")


def test_an_error_reaches_the_outer_server(around: Any) -> None:
    """PEP 3333: the server sees that the app raised, or a 500."""

    def app(inner: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise LookupError("of the inner app")

    assert Outcome(around(app)).failed
