"""Servers that iterate a response themselves; the servers' own code runs in the test process where possible."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable
from typing import Any, Self
from wsgiref.handlers import SimpleHandler

import pytest

from gateways.adapters.on_wsgi.iteration import is_called_by_uwsgi, is_iterated_by_server
from tests.adapters.asgi_to_wsgi.request import environ


class Blocks:
    """An iterable that notes whether a server iterates it."""

    def __init__(self) -> None:
        self.noted: list[bool] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self.noted.append(is_iterated_by_server(self))
        if len(self.noted) == 2:
            raise StopIteration
        return b"block"


def by_generator(blocks: Blocks) -> Iterable[bytes]:
    yield from blocks


@pytest.mark.parametrize(
    ("wrap", "seen"),
    [
        (lambda blocks: blocks, True),
        (by_generator, False),
        (lambda blocks: (block for block in blocks), False),
        (lambda blocks: map(bytes.upper, blocks), False),
        (lambda blocks: itertools.chain(blocks, [b"end"]), False),
        (lambda blocks: filter(None, blocks), False),
    ],
)
def test_a_server_is_recognised_only_if_it_iterates_the_adapters_iterable(
    wrap: Callable[[Blocks], Any], seen: bool
) -> None:
    blocks = Blocks()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return wrap(blocks)

    SimpleHandler(io.BytesIO(), io.BytesIO(), io.StringIO(), environ()).run(app)
    assert blocks.noted == [seen, seen]


def test_other_code_that_iterates_is_not_a_server() -> None:
    blocks = Blocks()
    assert list(blocks) == [b"block"]
    assert blocks.noted == [False, False]


def test_python_code_that_calls_does_not_count_as_uwsgi() -> None:
    assert not is_called_by_uwsgi({})
    assert not is_called_by_uwsgi({"uwsgi.version": b"2.0"})
