"""Request bodies: PEP 3333, "HTTP 1.1 Expect/Continue"; RFC 9112, 6.3; ASGI HTTP, "Request"."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ, Reading, echo, hello
from tests.adapters.wsgi_to_asgi.serving import LIMIT, STALL, Serve, level, poll

MIB = 2**20
CHUNKED = [(b"transfer-encoding", b"chunked")]


def announcing(length: int, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", b"%d" % length), *more]


class Waiting:
    """Reports its call, waits, then reads the whole body."""

    def __init__(self, serve: Serve) -> None:
        self.called, self.go = serve.gate("the app to be called"), serve.gate("the app to be let go")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.called.open()
        self.go.wait()
        return echo(environ, start_response)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", []), ("HEAD", []), ("DELETE", []), ("POST", announcing(0)), ("GET", announcing(0)), ("OPTIONS", [])],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_request_that_cannot_have_a_body_never_waits_for_one(
    serve: Serve, method: str, headers: list[tuple[bytes, bytes]], version: str
) -> None:
    """Ours: without Content-Length and Transfer-Encoding, or with a length of 0, there is no body (RFC 9112, 6.3)."""
    app = Reading(lambda stream: (stream.read(), stream.readline()))
    serve(app, method, body=STALL, headers=headers, http_version=version).response()
    assert app.result == (b"", b"")


def test_a_request_that_ends_at_once_never_calls_receive(serve: Serve) -> None:
    """Ours: a short request does not pay for the detection of disconnects."""
    exchange = serve(hello, body=STALL)
    exchange.response()
    assert exchange.received == 0


def test_an_http_2_body_needs_no_announcing_header(serve: Serve) -> None:
    """RFC 9113, 8.1: in HTTP/2 a body may follow without Content-Length or Transfer-Encoding."""
    exchange = serve(echo, "POST", body=[b"hello, ", b"world"], headers=[], http_version="2")
    assert exchange.response().body == b"hello, world"


def test_a_small_body_in_pieces_arrives_complete(serve: Serve) -> None:
    """ASGI: if more_body is set, concatenate further chunks."""
    exchange = serve(echo, "POST", body=STALL, headers=announcing(10))
    exchange.feed(b"hello")
    serve.loop.settle()
    exchange.feed(b"world", more=False)
    assert exchange.response().body == b"helloworld"


@pytest.mark.parametrize("stalled", [1, 20])
@pytest.mark.parametrize("begun", [False, True])
def test_a_stalled_upload_holds_no_thread(serve: Serve, stalled: int, begun: bool) -> None:
    """Safety: clients that announce a body and do not send it must not hold threads."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (echo if environ["REQUEST_METHOD"] == "POST" else hello)(environ, start_response)

    uploads = [serve(app, "POST", body=STALL, headers=announcing(6), threads=1) for _ in range(stalled)]
    for upload in uploads:
        if begun:
            upload.feed(b"abc")
    serve.loop.settle()
    assert serve(app, threads=1).response().body == b"hello"
    for upload in uploads:
        upload.feed(b"def" if begun else b"abcdef", more=False)
        assert upload.response().body == b"abcdef"


def test_a_large_upload_streams(serve: Serve) -> None:
    """Safety: an app can read the beginning of a large body of known length before the rest has arrived."""
    first = serve.gate("the app to have read the first MiB")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        read = len(stream.read(MIB))
        first.open()
        read += len(stream.read())
        start_response("200 OK", [])
        return [str(read).encode()]

    exchange = serve(app, "POST", body=STALL, headers=announcing(8 * MIB))
    for _ in range(32):
        exchange.feed(b"x" * 65536)
    first.wait()
    exchange.feed(b"x" * (6 * MIB), more=False)
    assert exchange.response().body == str(8 * MIB).encode()


def test_read_ahead_is_bounded(serve: Serve) -> None:
    """Safety: unread data does not accumulate in memory."""
    app = Waiting(serve)
    pieces = [b"x" * 65536] * 256
    exchange = serve(app, "POST", body=pieces, headers=announcing(256 * 65536))
    app.called.wait()
    assert level(lambda: exchange.taken, LIMIT) <= LIMIT
    app.go.open()
    assert len(exchange.response().body) == 256 * 65536


@pytest.mark.parametrize("size", [1000, 65536, 65537, 300_000, 5 * MIB])
def test_a_large_upload_arrives_unchanged(serve: Serve, size: int) -> None:
    """ASGI: wsgi.input is based around the http.request messages; every byte once, in order."""
    body = b"".join(hashlib.sha256(n.to_bytes(4)).digest() for n in range(size // 32 + 1))[:size]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        digest = hashlib.sha256()
        while block := environ["wsgi.input"].read(10_007):
            digest.update(block)
        start_response("200 OK", [])
        return [digest.hexdigest().encode()]

    pieces = [body[n : n + 30_011] for n in range(0, size, 30_011)]
    exchange = serve(app, "POST", body=pieces, headers=announcing(size))
    assert exchange.response().body == hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize("headers", [announcing(20_000 * 1024), CHUNKED], ids=["length", "chunked"])
def test_the_cost_of_an_upload_is_proportional_to_its_size(serve: Serve, headers: list[tuple[bytes, bytes]]) -> None:
    """Safety: many small pieces are not copied again for each later piece."""
    exchange = serve(echo, "POST", body=[b"x" * 1024] * 20_000, headers=headers)
    assert len(exchange.response().body) == 20_000 * 1024


@pytest.mark.parametrize("sent", [b"", b"x" * 100_000])
def test_the_app_waits_for_a_large_body_without_blocking_the_loop(serve: Serve, sent: bytes) -> None:
    """ASGI: WSGI applications, being synchronous, must be run in a threadpool; the loop continues."""
    reading = serve.gate("the app to read")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            reading.open()
            return echo(environ, start_response)
        return hello(environ, start_response)

    exchange = serve(app, "POST", body=STALL, headers=announcing(MIB))
    exchange.feed(b"x" * (MIB - 1000))
    serve.loop.settle()
    assert serve(app).response().body == b"hello"
    exchange.feed(b"x" * 1000, more=False)
    assert len(exchange.response().body) == MIB


@pytest.mark.parametrize("value", [b"100-continue", b"100-Continue"])
def test_with_expect_continue_nothing_is_received_until_the_app_reads(serve: Serve, value: bytes) -> None:
    """PEP 3333, Expect/Continue: "100 Continue" is sent when the app first reads; by ASGI servers on receive()."""
    app = Waiting(serve)
    exchange = serve(app, "POST", body=b"hello", headers=announcing(5, (b"expect", value)))
    app.called.wait()
    serve.loop.settle()
    assert exchange.received == 0
    app.go.open()
    assert exchange.response().body == b"hello"


def test_with_expect_continue_a_refused_body_is_never_requested(serve: Serve) -> None:
    """PEP 3333, Expect/Continue: an app that does not read sends no "100 Continue"."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("417 Expectation Failed", [("Content-Length", "0")])
        return []

    exchange = serve(app, "POST", body=STALL, headers=announcing(5, (b"expect", b"100-continue")))
    assert exchange.response().status == 417
    assert exchange.received == 0


@pytest.mark.parametrize("size", [5, 300_000])
def test_a_body_without_a_length_gets_one(serve: Serve, size: int) -> None:
    """RFC 3875, 4.1.3: CONTENT_LENGTH must be set if there is a body; Django and others read no further."""
    app = Reading(lambda stream: stream.read())
    pieces = [b"x" * 1000] * (size // 1000) + [b"x" * (size % 1000)]
    serve(app, "POST", body=pieces, headers=CHUNKED).response()
    assert app.environ.get("CONTENT_LENGTH") == str(size)
    assert app.result == b"x" * size


@pytest.mark.parametrize(
    ("size", "version", "headers"), [(0, "1.1", CHUNKED), (5, "1.1", CHUNKED), (3 * MIB, "1.1", CHUNKED), (5, "2", [])]
)
def test_a_body_without_a_length_has_wsgi_input_terminated(serve: Serve, size: int, version: str, headers: Any) -> None:
    """Ours: wsgi.input_terminated (Werkzeug, mod_wsgi, Gunicorn) means that reading to the end is safe."""
    app = Reading(lambda stream: stream.read())
    serve(app, "POST", body=[b"x" * size], headers=headers, http_version=version).response()
    assert app.environ.get("wsgi.input_terminated") is True
    assert app.result == b"x" * size


def test_an_empty_body_without_a_length_has_content_length_zero_or_none(serve: Serve) -> None:
    """RFC 3875, 4.1.3: CONTENT_LENGTH is the size of the body, if there is one."""
    app = Reading(lambda stream: stream.read())
    serve(app, "POST", body=b"", headers=CHUNKED).response()
    assert app.environ.get("CONTENT_LENGTH", "") in ("", "0")
    assert app.result == b""


@pytest.mark.parametrize("spool", [0, 200_000])
def test_a_body_without_a_length_that_exceeds_the_spool_is_streamed(serve: Serve, spool: int) -> None:
    """Ours: the spool on disk is bounded; larger bodies only have wsgi.input_terminated."""
    from gateways.adapters import WSGIToASGI

    app, size = Reading(lambda stream: len(stream.read())), 8 * MIB
    serve.only = WSGIToASGI(app, spool=spool)
    serve(app, "POST", body=[b"x" * 65536] * (size // 65536), headers=CHUNKED).response()
    assert app.result == size
    assert app.environ.get("CONTENT_LENGTH", "") == ""
    assert app.environ["wsgi.input_terminated"] is True


def test_unread_body_data_is_not_read_by_the_adapter(serve: Serve) -> None:
    """Safety: an app that responds early does not wait for an unread body."""
    exchange = serve(hello, "POST", body=STALL, headers=announcing(64 * MIB))
    for _ in range(40):
        exchange.feed(b"x" * 65536)
    assert exchange.response().body == b"hello"
    assert exchange.taken <= LIMIT


def test_a_response_ends_after_the_rest_of_an_upload_that_the_application_has_not_read(serve: Serve) -> None:
    """Ours: a server that closes a connection with unread data resets it, and the response is lost (RFC 9112, 9.6)."""
    exchange = serve(hello, "POST", body=STALL, headers=announcing(8 * 65536))
    for number in range(8):
        exchange.feed(b"x" * 65536, more=number < 7)
    assert exchange.response().body == b"hello"
    assert exchange.taken == 8 * 65536


def test_a_response_to_a_stalled_upload_is_sent_at_once_except_for_its_end(serve: Serve) -> None:
    """Ours: the rest of an upload is awaited for a second."""
    exchange = serve(hello, "POST", body=STALL, headers=announcing(64 * MIB))
    for _ in range(5):
        exchange.feed(b"x" * 65536)
    poll(lambda: b"hello" in [message.get("body") for message in exchange.sent], "the content")
    assert exchange.sent[-1]["more_body"]
    assert exchange.response().body == b"hello"


def test_reading_after_the_response_does_not_hang(serve: Serve) -> None:
    """Safety: an input stream that outlives its request ends, or raises."""
    kept: list[Any] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        kept.append(environ["wsgi.input"])
        return hello(environ, start_response)

    exchange = serve(app, "POST", body=STALL, headers=announcing(2 * MIB))
    exchange.feed(b"x" * MIB)
    exchange.response()
    read = serve.gate("the late read to return")

    def late() -> None:
        try:
            assert len(kept[0].read()) <= MIB
        except (OSError, ValueError):
            pass  # also a clear end
        finally:
            read.open()

    threading.Thread(target=late, daemon=True).start()
    read.wait()
