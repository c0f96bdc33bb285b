"""The start of a response as servers write it, cut at every byte; and responses that must not be continued."""

from __future__ import annotations

import pytest

from gateways.adapters.on_wsgi.written import MARK, Start, Unexpected, start_of

CHUNK = b"%X\r\n%b\r\n" % (len(MARK), MARK)
CHUNKED = b"HTTP/1.1 200 OK\r\nServer: s\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n"
PLAIN = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n"


@pytest.mark.parametrize(
    ("written", "start"),
    [
        (
            CHUNKED + b"Connection: close\r\n\r\n" + CHUNK,
            Start(CHUNKED + b"Connection: close\r\n\r\n", chunked=True),
        ),
        (CHUNKED + b"\r\n" + CHUNK.lower(), Start(CHUNKED + b"Connection: close\r\n\r\n", chunked=True)),
        (
            CHUNKED + b"connection: keep-alive\r\nKeep-Alive: timeout=10\r\n\r\n" + CHUNK,
            Start(CHUNKED + b"Connection: close\r\n\r\n", chunked=True),
        ),
        (PLAIN + b"\r\n" + MARK, Start(PLAIN + b"Connection: close\r\n\r\n", chunked=False)),
        (PLAIN + b"CONNECTION: close\r\n\r\n" + MARK, Start(PLAIN + b"CONNECTION: close\r\n\r\n", chunked=False)),
    ],
)
def test_the_start_is_complete_at_its_last_byte(written: bytes, start: Start) -> None:
    assert start_of(written) == start
    for cut in range(len(written)):
        assert start_of(written[:cut]) is None, written[:cut]


@pytest.mark.parametrize(
    "written",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        PLAIN + b"Content-Length: 12\r\n\r\n" + MARK,
        PLAIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNK,
        PLAIN + b"\r\n" + MARK + b"more",
        PLAIN + b"\r\n\x1f\x8b\x08",
        PLAIN + b"\r\n" + MARK.upper(),
        CHUNKED + b"\r\n" + CHUNK + b"0\r\n\r\n",
        CHUNKED + b"\r\n3\r\nabc\r\n",
        CHUNKED + b"\r\n2\r\n: \r\n",
        CHUNKED + b"\r\nsize\r\nabc\r\n",
        PLAIN + b"X: " + b"x" * 300_000,
    ],
)
def test_any_other_body_or_framing_is_refused(written: bytes) -> None:
    with pytest.raises(Unexpected):
        start_of(written)


def test_the_mark_is_a_comment_of_an_event_stream() -> None:
    """A client that would get it all the same ignores it (HTML, 9.2.6)."""
    assert MARK.startswith(b":")
    assert MARK.endswith(b"\n\n")
