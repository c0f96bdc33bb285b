"""The body: PEP 3333, "Buffering and Streaming"; ASGI HTTP, "Response Body"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Result, Returning, endless, hello
from tests.adapters.wsgi_to_asgi.serving import LIMIT, SLOW, Serve, level


class Sequence:
    """Iterable by the old protocol, with __getitem__()."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = blocks

    def __getitem__(self, index: int) -> bytes:
        return self._blocks[index]


SHAPES: dict[str, Callable[[list[bytes]], Any]] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda blocks: (block for block in blocks),
    "closing": Result,
    "sequence": Sequence,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("blocks", [[], [b"one"], [b"one", b"", b"two"], [b"", b"one"], [b"one", b""]])
def test_any_iterable_of_bytestrings_is_a_body(serve: Serve, shape: Any, blocks: list[bytes]) -> None:
    """PEP 3333: the application must return an iterable yielding zero or more bytestrings."""
    assert serve(Returning(shape(blocks))).response().body == b"".join(blocks)


def test_bytes_are_not_altered(serve: Serve) -> None:
    """PEP 3333: bytestrings are binary; in particular, line endings are not altered."""
    body = bytes(range(256)) + b"\r\n\n\r\0"
    assert serve(Returning(iter([body, body]))).response().body == body * 2


def test_a_large_block_arrives_complete(serve: Serve) -> None:
    """PEP 3333: the server must transmit the bytestrings, whatever their size."""
    body = bytes(range(256)) * 4096 * 16
    assert serve(Returning(iter([body, b"!"]))).response().body == body + b"!"


@pytest.mark.parametrize("shape", ["list", "tuple"])
def test_a_response_of_one_block_is_two_messages(serve: Serve, shape: str) -> None:
    """Ours: one start and one body message, marked as the last; each further message would cost a write."""
    exchange = serve(Returning(SHAPES[shape]([b"hello"])))
    assert exchange.response().body == b"hello"
    assert exchange.types == ["start", "body"]


@pytest.mark.parametrize("shape", ["iterator", "closing"])
def test_a_block_that_fulfils_the_content_length_is_the_last_message(serve: Serve, shape: str) -> None:
    """Ours: responses of Flask and Django are iterators of one block with the stated length."""
    exchange = serve(Returning(SHAPES[shape]([b"hello"]), headers=[("Content-Length", "5")]))
    assert exchange.response().body == b"hello"
    assert exchange.types == ["start", "body"]


def test_an_empty_response_is_two_messages(serve: Serve) -> None:
    """Ours: one start and one empty body message, marked as the last."""
    exchange = serve(Returning([]))
    assert exchange.response().body == b""
    assert exchange.types == ["start", "body"]


@pytest.mark.parametrize("shape", ["list", "tuple"])
def test_a_list_of_one_block_gets_a_content_length(serve: Serve, shape: str) -> None:
    """PEP 3333, Handling the Content-Length Header: for an iterable whose len() is 1 the server can determine it."""
    assert serve(Returning(SHAPES[shape]([b"hello"]))).response().values(b"content-length") == [b"5"]


@pytest.mark.parametrize(
    ("method", "status"), [("GET", "204 No Content"), ("GET", "304 Not Modified"), ("HEAD", "200 OK")]
)
@pytest.mark.parametrize("blocks", [[], [b""]])
def test_no_content_length_is_added_to_a_response_without_a_body(
    serve: Serve, method: str, status: str, blocks: Any
) -> None:
    """RFC 9110, 8.6: no Content-Length in a 204; in a 304 or to HEAD, only the one that the 200 to a GET would have."""
    response = serve(Returning(blocks, status), method).response()
    assert (response.body, response.values(b"content-length")) == (b"", [])


def test_a_block_is_sent_before_the_next_is_produced(serve: Serve) -> None:
    """PEP 3333: servers must not delay the transmission of any block, even while the app is producing the next."""
    gates = [serve.gate() for _ in range(3)]

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for gate in gates:
            yield b"block "
            gate.wait()

    exchange = serve(app)
    for count, gate in enumerate(gates, 1):
        exchange.wait_body(b"block " * count)
        gate.open()
    assert exchange.response().body == b"block " * 3


def test_a_block_is_sent_while_close_still_runs(serve: Serve) -> None:
    """PEP 3333: servers must not delay the transmission of any block."""
    closing = serve.gate()
    exchange = serve(Returning(Result([b"one", b"two"], closing.wait)))
    exchange.wait_body(b"onetwo")
    closing.open()
    assert exchange.response().body == b"onetwo"


def test_an_empty_block_between_blocks_has_no_effect(serve: Serve) -> None:
    """PEP 3333: middleware yields empty bytestrings while it has no output."""
    go = serve.gate()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        yield b""
        go.wait()
        yield b"two"

    exchange = serve(app)
    exchange.wait_body(b"one")
    go.open()
    assert exchange.response().body == b"onetwo"


@pytest.mark.parametrize("block", ["text", None, 5, [b"x"]])
@pytest.mark.parametrize("shape", ["list", "iterator"])
def test_a_block_that_is_not_bytes_is_an_error(serve: Serve, block: Any, shape: str) -> None:
    """PEP 3333: values yielded by the application must be of type bytes."""
    exchange = serve(Returning(SHAPES[shape]([block])))
    assert isinstance(exchange.error(), Exception)
    assert exchange.sent == []


@pytest.mark.parametrize("result", [None, 5, "text", b"bytes", object()])
def test_a_result_that_is_not_an_iterable_of_bytes_is_an_error(serve: Serve, result: Any) -> None:
    """PEP 3333: the application must always return an iterable yielding bytestrings; a bytestring yields ints."""
    exchange = serve(Returning(result))
    assert isinstance(exchange.error(), Exception)
    assert exchange.sent == []


def test_no_other_attributes_of_the_result_are_used(serve: Serve) -> None:
    """PEP 3333: servers must not directly use any other attributes of the iterable."""
    used: set[str] = set()

    class Shy:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def __getattr__(self, name: str) -> Any:
            used.add(name)
            raise AttributeError(name)

    assert serve(Returning(Shy())).response().body == b"x"
    assert used <= {"close", "__len__"}


@pytest.mark.parametrize("size", [1024, 65536, LIMIT // 2])
def test_a_slow_client_makes_the_app_wait_and_memory_stays_bounded(serve: Serve, size: int) -> None:
    """Safety: bytes in flight are bounded, so that a large response to a slow client does not fill the memory."""
    made, total = [0], 32 * LIMIT // size

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        for _ in range(total):
            made[0] += size
            yield b"x" * size

    exchange = serve(app, plan=SLOW)
    assert level(lambda: made[0] - len(exchange.body), LIMIT) <= LIMIT
    exchange.release()
    assert len(exchange.response().body) == total * size


def test_a_complete_response_frees_its_thread_however_slow_the_client(serve: Serve) -> None:
    """Safety: slow clients of short responses must not hold threads."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"x" * 100_000]

    slow = [serve(app, threads=1, plan=SLOW) for _ in range(3)]
    for exchange in slow:
        exchange.wait_body(b"x")
    assert serve(app, threads=1).response().status == 200
    for exchange in slow:
        exchange.release()
        assert exchange.response().body == b"x" * 100_000


def test_a_slow_client_of_a_stream_delays_no_other_request(serve: Serve) -> None:
    """Safety: a stream holds only its own thread."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/hello":
            return hello(environ, start_response)
        start_response("200 OK", [])
        return endless()

    streams = [serve(app, threads=4, plan=SLOW) for _ in range(3)]
    for stream in streams:
        stream.wait_body(b"x")
    assert serve(app, path="/hello", threads=4).response().body == b"hello"
    for stream in streams:
        stream.leave()
        stream.wait_end()


@pytest.mark.parametrize(
    "status", ["204 No Content", "304 Not Modified", "302 Found", "200 OK", "404 Not Found", "205 Reset Content"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("blocks", [[], [b""]], ids=["none", "empty"])
def test_responses_without_a_body_are_sent(serve: Serve, status: str, method: str, shape: Any, blocks: Any) -> None:
    """RFC 9110, 6.4.1: responses to HEAD, and 204 and 304, have no content."""
    response = serve(Returning(shape(blocks), status), method).response()
    assert (response.status, response.body) == (int(status[:3]), b"")


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified")])
@pytest.mark.parametrize("shape", ["list", "iterator"])
def test_the_content_length_of_an_absent_body_is_kept(serve: Serve, method: str, status: str, shape: str) -> None:
    """RFC 9110, 8.6: for HEAD, and in a 304, Content-Length is that of a GET; the missing body is not an error."""
    response = serve(Returning(SHAPES[shape]([]), status, [("Content-Length", "1234")]), method).response()
    assert (response.body, response.values(b"content-length")) == (b"", [b"1234"])


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("shape", ["list", "iterator", "closing"])
def test_a_body_is_not_sent_where_none_is_allowed(serve: Serve, status: str, shape: str) -> None:
    """RFC 9112, 6.3: a 204 or 304 ends with its headers; a body would be parsed as the next response."""
    exchange = serve(Returning(SHAPES[shape]([b"one", b"two"]), status))
    exchange.wait_end()
    assert exchange.body == b""


@pytest.mark.parametrize("shape", ["list", "iterator", "closing"])
def test_a_body_in_response_to_a_head_request_is_not_an_error(serve: Serve, shape: str) -> None:
    """RFC 9110, 9.3.2: the server must not send content; apps that respond to HEAD as to GET rely on that."""
    blocks = SHAPES[shape]([b"hello"])
    response = serve(Returning(blocks, headers=[("Content-Length", "5")]), "HEAD").response()
    assert response.values(b"content-length") == [b"5"]
    assert response.body in (b"", b"hello")
