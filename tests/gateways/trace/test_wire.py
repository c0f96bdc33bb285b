"""The parser of a connection, with literal bytes, cut at every byte."""

import pytest

from gateways.trace.wire import Message, Stream

REQUEST = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: last\r\n\r\n"
)  # fmt: skip
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def read(data: bytes, step: int = 0, bodiless: bool = False) -> tuple[list[str], Message]:
    """Return the lines for data in pieces of that size, and the message."""
    stream = Stream(bodiless=bodiless)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    lines = [line for piece in pieces for line in stream.feed(piece)]
    return lines, stream.message


def test_a_request_has_headers_and_a_body() -> None:
    assert read(REQUEST) == (
        ["POST /echo HTTP/1.1", "Host: here", "Content-Length: 5", "5 bytes  b'hello'"],
        Message(
            "POST /echo HTTP/1.1",
            (("Host", "here"), ("Content-Length", "5")),
            "Content-Length: 5",
            length=5,
            complete=True,
        ),
    )


def test_the_chunks_and_trailers_of_a_response_are_named() -> None:
    lines, message = read(CHUNKED)
    assert lines == [
        "HTTP/1.1 200 OK",
        "Transfer-Encoding: chunked",
        "chunk, 5 bytes  b'hello'",
        "chunk, 6 bytes  b' world'",
        "last chunk",
        "Trailer: last",
    ]
    assert (message.status, message.framing, message.length, message.complete) == (200, "chunked", 11, True)


@pytest.mark.parametrize("data", [REQUEST, CHUNKED, UPGRADE + b"\x81\x02hi\x88\x02\x03\xe8"])
@pytest.mark.parametrize("step", range(1, 12))
def test_a_message_may_be_split_anywhere(data: bytes, step: int) -> None:
    assert read(data, step)[1] == read(data)[1]


def test_a_chunk_in_pieces_is_described_as_such() -> None:
    stream = Stream()
    stream.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabc")
    assert stream.feed(b"defgh\r\n0\r\n\r\n") == ["chunk of 8 continues, 5 bytes  b'defgh'", "last chunk"]


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    stream = Stream()
    assert stream.feed(b"HTTP/1.0 200 OK\r\n\r\nabc") == ["HTTP/1.0 200 OK", "3 bytes  b'abc'"]
    assert (stream.message.framing, stream.message.complete) == ("the end of the connection", False)
    assert stream.feed(b"") == ["closed"]
    assert stream.message.complete


@pytest.mark.parametrize("head", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
def test_a_truncated_body_does_not_look_complete(head: bytes) -> None:
    stream = Stream()
    stream.feed(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nab")
    assert stream.feed(b"") == ["closed before the end of the body"]
    assert not stream.message.complete


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_some_responses_never_have_a_body(status: bytes) -> None:
    _, message = read(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")
    assert (message.complete, message.framing) == (True, "none: this response has no body")


def test_a_response_to_head_has_no_body() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", bodiless=True)[1].complete


def test_an_interim_response_is_not_the_response() -> None:
    lines, message = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    assert (lines[0], message.status, message.complete) == ("HTTP/1.1 100 Continue", 201, True)


def test_websocket_frames_are_named_and_unmasked() -> None:
    masked = bytes([0x81, 0x82, 1, 2, 3, 4, ord("h") ^ 1, ord("i") ^ 2])
    long = b"\x82\x7e\x01\x00" + b"x" * 256
    assert read(UPGRADE + masked + long + b"\x88\x00")[0][2:] == [
        "text frame, masked: 2 bytes  b'hi'",
        f"binary frame: 256 bytes  {b'x' * 120!r}…",
        "close frame: 0 bytes  b''",
    ]


def test_data_cannot_move_the_cursor() -> None:
    assert read(b"GET /\x1b[31m HTTP/1.1\r\nX: \x07\r\n\r\n")[0] == ["GET /\\x1b[31m HTTP/1.1", "X: \\x07"]


def test_data_other_than_http_is_shown_too() -> None:
    assert read(b"hello\n")[0] == ["hello"]
    assert read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")[0][-1] == "'zz' is not a chunk size"
    assert read(REQUEST + b"more")[0][-1] == "4 bytes  b'more' after the end"
