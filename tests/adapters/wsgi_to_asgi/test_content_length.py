"""Content-Length: PEP 3333, "Handling the Content-Length Header"; RFC 9112, section 6.3 and 8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.wsgi_to_asgi.apps import Result, Returning, endless
from tests.adapters.wsgi_to_asgi.serving import Serve
from tests.adapters.wsgi_to_asgi.test_response import SHAPES

FIVE = [("Content-Length", "5")]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("blocks", [[b"hello"], [b"he", b"", b"llo"], [b"hello", b""]])
def test_a_body_with_the_announced_length_is_sent(serve: Serve, shape: Any, blocks: list[bytes]) -> None:
    """PEP 3333: the application may supply a Content-Length."""
    response = serve(Returning(shape(blocks), headers=FIVE)).response()
    assert (response.body, response.values(b"content-length")) == (b"hello", [b"5"])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("blocks", [[b"hello, world"], [b"hello", b", world"], [b"he", b"llo, ", b"world"]])
def test_no_more_bytes_are_sent_than_the_content_length(serve: Serve, shape: Any, blocks: list[bytes]) -> None:
    """PEP 3333: the server should not transmit more bytes to the client than the header allows."""
    exchange = serve(Returning(shape(blocks), headers=FIVE))
    exchange.wait_end()
    assert b"hello".startswith(exchange.body)
    assert exchange.body == b"hello" or not exchange.complete


def test_excess_bytes_are_cut_off_and_the_response_is_complete(serve: Serve) -> None:
    """PEP 3333: the server should stop iterating over the response when enough data has been sent."""
    result = Result(endless())
    response = serve(Returning(result, headers=[("Content-Length", "1500")])).response()
    assert response.body == b"x" * 1500
    assert result.closes == 1


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("blocks", [[], [b""], [b"hell"], [b"he", b"ll"]])
def test_a_body_shorter_than_its_content_length_never_looks_complete(
    serve: Serve, shape: Any, blocks: list[bytes]
) -> None:
    """PEP 3333: if the application does not provide enough data, the server should close the connection."""
    exchange = serve(Returning(shape(blocks), headers=FIVE))
    assert isinstance(exchange.error(), Exception)
    assert not exchange.complete
    assert b"hell".startswith(exchange.body)


def test_a_content_length_of_zero_needs_no_body(serve: Serve) -> None:
    """PEP 3333: headers with a Content-Length of zero may be sent at once."""
    response = serve(Returning([], headers=[("Content-Length", "0")])).response()
    assert (response.body, response.values(b"content-length")) == (b"", [b"0"])


def test_the_header_is_recognised_in_upper_and_lower_case(serve: Serve) -> None:
    """PEP 3333: HTTP header names are case-insensitive; take that into consideration when examining them."""
    exchange = serve(Returning(iter([b"hello, world"]), headers=[("CONTENT-length", "5")]))
    exchange.wait_end()
    assert len(exchange.body) <= 5
