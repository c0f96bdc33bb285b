"""Responses cut at every byte, and invalid ones."""

import pytest

from gateways.compare.load.response import BadFraming, Head, Reader, parse_head

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: yes\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + LENGTH


def read(octets: bytes, *cuts: int, expected: bytes | None = b"hello") -> Reader:
    """Feed the data in pieces. Only the last piece completes the response."""
    reader = Reader(expected, keep=True)
    pieces = [octets[start:end] for start, end in zip((0, *cuts), (*cuts, len(octets)), strict=True)]
    done = [reader.feed(memoryview(piece)) for piece in pieces if piece]
    assert not any(done[:-1])
    assert done[-1] or reader.ended()
    return reader


@pytest.mark.parametrize("octets", [LENGTH, CHUNKED, UNTIL_CLOSE, INTERIM], ids=["length", "chunked", "close", "103"])
def test_a_response_may_be_split_anywhere(octets: bytes) -> None:
    for cut in range(1, len(octets)):
        reader = read(octets, cut)
        assert (bytes(reader.body), reader.length, reader.whole) == (b"hello", 5, True), cut
    bytewise = read(octets, *range(1, len(octets)))
    assert bytes(bytewise.body) == b"hello"


@pytest.mark.parametrize("expected", [b"hellO", b"hell", b"hello!", b""])
def test_a_different_body_is_detected(expected: bytes) -> None:
    assert not read(LENGTH, expected=expected).whole
    assert not read(CHUNKED, 60, expected=expected).whole


def test_an_unknown_body_is_not_compared() -> None:
    assert read(LENGTH, expected=None).whole


def test_one_reader_reads_one_response_after_another() -> None:
    reader = Reader(b"hello")
    for octets in (LENGTH, CHUNKED, LENGTH):
        reader.begin()
        assert reader.feed(memoryview(octets))
        assert reader.whole


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length:  7 ", Head(200, 7, False, True)),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\nConnection: Close", Head(200, 0, False, False)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1", Head(200, 1, False, False)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive", Head(200, 1, False, True)),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 9", Head(204, 0, False, True)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9", Head(304, 0, False, True)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 9", Head(200, None, True, True)),
        (b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain", Head(500, None, False, False)),
        (b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\nContent-Length: 1", Head(200, 1, False, False)),
    ],
)
def test_response_headers_determine_the_end_of_the_body(head: bytes, expected: Head) -> None:
    assert parse_head(head + b"\r\n\r\n") == expected


def test_lines_may_end_with_a_bare_lf() -> None:
    """RFC 9112, 2.2. On Python 3.14 and later, gunicorn's error pages have such an empty line."""
    page = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 4\r\n\n\r\n\r\n"
    for octets in (page, page.replace(b"\r\n", b"\n", 3)):
        reader = Reader(keep=True)
        assert reader.feed(memoryview(octets))
        assert (reader.head, bytes(reader.body)) == (Head(500, 4, False, False), b"\r\n\r\n")


@pytest.mark.parametrize(
    "octets",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        LENGTH + b"more",
        CHUNKED + b"more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_an_invalid_response_is_bad_framing(octets: bytes) -> None:
    with pytest.raises(BadFraming):
        Reader().feed(memoryview(octets))


def test_a_truncated_body_has_not_ended() -> None:
    for octets in (LENGTH[:-1], CHUNKED[:-1], LENGTH[:10]):
        reader = Reader()
        assert not reader.feed(memoryview(octets))
        assert not reader.ended()
