"""The comparison of native and adapted responses: the differences that count."""

import gzip
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.real.native.battery import SLOW, App, other_targets, streams
from tests.real.native.compare import differences
from tests.real.native.wire import Answer, Heard


def page(text: str) -> list[Heard]:
    return [Heard([Answer(200, "OK", [], text.encode(), whole=True)])]


@pytest.mark.parametrize(
    "text", ["at 2026-11-30 00:43:{}.123", "at Mon, 30 Nov 2026 00:46:{} GMT", "x" * 5000 + "2026-11-30T00:43:{}"]
)
def test_the_time_of_a_request_is_not_a_difference_even_if_two_native_responses_have_the_same(text: str) -> None:
    assert differences(page(text.format("01")), page(text.format("01")), page(text.format("59"))) == []


@pytest.mark.parametrize("text", ["Tue, 14 Nov 2023 22:13:{} GMT", "price {}"])
def test_the_date_of_a_file_and_any_other_text_is_a_difference(text: str) -> None:
    found = differences(page(text.format("20")), page(text.format("20")), page(text.format("21")))
    assert [line[:2] for line in found] == ["- ", "+ "]


def test_the_time_of_a_compression_is_not_a_difference() -> None:
    def compressed(text: bytes, when: int) -> list[Heard]:
        return [Heard([Answer(200, "OK", [], gzip.compress(text, mtime=when), whole=True)])]

    assert differences(compressed(b"a", 1), compressed(b"a", 1), compressed(b"a", 2)) == []
    assert differences(compressed(b"a", 1), compressed(b"a", 1), compressed(b"b", 1)) != []


def test_the_random_length_of_a_compressed_page_is_not_a_difference_even_if_two_native_responses_have_the_same() -> (
    None
):
    """Django's GZipMiddleware: 62 bytes in both native responses, 100 through the adapter."""

    def padded(text: bytes, name: bytes) -> list[Heard]:
        page = gzip.compress(text, mtime=1)
        body = page[:3] + b"\x08" + page[4:10] + name + b"\0" + page[10:] if name else page
        return [Heard([Answer(200, "OK", [("Content-Length", str(len(body)))], body, whole=True)])]

    assert differences(padded(b"a", b"aa"), padded(b"a", b"aa"), padded(b"a", b"a" * 40)) == []
    assert differences(padded(b"a", b"aa"), padded(b"a", b"aa"), padded(b"a", b"")) == []
    assert differences(padded(b"a", b"aa"), padded(b"a", b"aa"), padded(b"b", b"aa")) != []


def test_only_a_stream_must_arrive_as_slowly_as_without_an_adapter() -> None:
    """On a busy machine the two blocks of an ordinary page arrived 0.3 s apart, which was a difference."""

    def answer_slowly() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the socket was closed, because the test has ended
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
                time.sleep(5 * SLOW)
                connection.sendall(b"b")

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=answer_slowly)
    thread.start()
    server: Any = SimpleNamespace(host="127.0.0.1", port=listener.getsockname()[1])
    app = App("slow", "wsgi", "", {"page": "/", "stream": "/"})
    try:
        assert {answer.streamed for heard in streams(server, app, "/") for answer in heard.answers} == {True}
        assert {answer.streamed for heard in other_targets(server, app, "/") for answer in heard.answers} == {False}
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
