"""The size of one read of a request body: all that has arrived, up to a limit, and less on servers whose read waits."""

from __future__ import annotations

import io
from typing import Any

from gateways.adapters.on_wsgi.request_body import AWAITED, BLOCK, WSGIBody
from tests.adapters.asgi_to_wsgi.request import Endless, Input

SIZE = 1024 * 1024


def body_of(source: Any, size: int = SIZE) -> WSGIBody:
    return WSGIBody({"wsgi.input": source, "CONTENT_LENGTH": str(size)})


def test_a_body_that_has_arrived_is_read_in_few_blocks() -> None:
    """Each block costs two thread switches."""
    body, blocks = body_of(io.BytesIO(b"x" * SIZE)), []
    while body.more:
        blocks.append(body.read()[0])
    assert [len(block) for block in blocks] == [BLOCK] * (SIZE // BLOCK)
    assert b"".join(blocks) == b"x" * SIZE


def test_a_body_of_one_block_that_has_arrived_needs_no_further_read() -> None:
    assert body_of(io.BytesIO(b"x" * BLOCK), BLOCK).first() == (b"x" * BLOCK, False)
    assert body_of(io.BytesIO(b"x" * (BLOCK + 1)), BLOCK + 1).first() is None


def test_a_read_that_waits_for_all_its_bytes_takes_smaller_steps() -> None:
    """Larger steps would delay a slow upload (PEP 3333: read(n) may wait for n bytes)."""
    source = Input(b"x" * SIZE)
    body = body_of(source)
    assert body.read() == (b"x" * AWAITED, True)
    assert source.sizes == [AWAITED]


def test_a_read_never_takes_more_than_the_rest_of_the_body() -> None:
    """PEP 3333, "Input and Error Streams": not past the Content-Length, where the next request may begin."""
    for source in (Endless(), io.BytesIO(b"x" * SIZE)):
        body = body_of(source, AWAITED - 1)
        assert body.read() == (bytes(AWAITED - 1) if isinstance(source, Endless) else b"x" * (AWAITED - 1), False)
