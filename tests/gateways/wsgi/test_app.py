"""The reference app in WSGI, called like a server."""

import hashlib
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from gateways.wsgi import app as module
from gateways.wsgi.app import app
from tests.gateways.cases import CASES, Request, Response, post
from tests.gateways.wsgi.harness import ask, environ_of

SOURCE = Path(module.__file__).read_bytes()


def begin(request: Request, **changes: Any) -> Any:
    """Return the app's unread iterable."""
    return app({**environ_of(request), **changes}, lambda *_: lambda _: None)


@pytest.mark.parametrize(("request_", "response"), CASES, ids=str)
def test_each_request_has_its_response(request_: Request, response: Response) -> None:
    assert ask(app, request_) == response


def test_an_empty_path_is_the_root() -> None:
    assert ask(app, Request(b""), SCRIPT_NAME="/mounted") == ask(app, Request(b"/"))


def test_two_chunks_are_two_blocks_that_no_server_can_join() -> None:
    blocks = begin(Request(b"/two-chunks"))
    assert not hasattr(blocks, "__len__")  # a list, which some servers send in one piece
    assert list(blocks) == [b"the first chunk\n", b"the second chunk\n"]


def test_a_block_is_produced_on_request_and_none_after_close() -> None:
    blocks = iter(begin(Request(b"/stream?chunks=1000&delay=10")))
    assert next(blocks) == b"chunk 1 of 1000\n"
    blocks.close()
    assert next(blocks, None) is None


def test_a_head_request_for_a_stream_produces_no_block() -> None:
    assert begin(Request(b"/stream?chunks=1000&delay=10", "HEAD")) == []


def test_no_more_than_the_content_length_is_read() -> None:
    stream = io.BytesIO(b"hello, and the next request")
    assert ask(app, post(b"/echo", b"hello"), wsgi__input=stream).body == b"hello"
    assert stream.tell() == 5


def test_a_body_is_read_in_blocks_of_bounded_size() -> None:
    body = bytes(1_000_000)
    assert {len(block) for block in begin(post(b"/echo", body))} == {65_536, 1_000_000 % 65_536}
    report = {"length": 1_000_000, "sha256": hashlib.sha256(body).hexdigest()}
    assert json.loads(ask(app, post(b"/upload", body)).body) == report


@pytest.mark.parametrize("length", ["", None], ids=["empty", "absent"])
def test_a_body_without_a_length_is_read_to_its_end_if_the_server_ends_it(length: str | None) -> None:
    environ = environ_of(Request(b"/echo", "POST"))
    environ |= {"wsgi.input": io.BytesIO(b"chunked"), "wsgi.input_terminated": True}
    environ |= {} if length is None else {"CONTENT_LENGTH": length}
    assert b"".join(app(environ, lambda *_: lambda _: None)) == b"chunked"


def test_a_body_without_a_length_is_not_read_otherwise() -> None:
    stream = io.BytesIO(b"the next request")
    assert ask(app, Request(b"/echo", "POST"), wsgi__input=stream).body == b""
    assert stream.tell() == 0


def test_a_truncated_upload_is_never_treated_as_complete() -> None:
    response = ask(app, post(b"/upload", b"hello"), CONTENT_LENGTH="7")
    assert (response.status, response.body) == (400, b"the body ended 2 bytes before its Content-Length\n")


def test_a_truncated_echo_never_looks_complete() -> None:
    blocks = iter(begin(post(b"/echo", b"hello"), CONTENT_LENGTH="7"))
    assert next(blocks) == b"hello"
    with pytest.raises(module.BadRequest, match="ended 2 bytes before"):
        next(blocks)


def test_an_invalid_content_length_is_a_client_error() -> None:
    environ = environ_of(post(b"/upload", b"hello")) | {"CONTENT_LENGTH": "-5"}
    heads: list[str] = []
    [body] = app(environ, lambda status, *_: heads.append(status) or (lambda _: None))  # type: ignore[func-returns-value]
    assert heads == ["400 Bad Request"]
    assert body.startswith(b"Content-Length: got '-5'; expected one whole number from 0 to")


def test_inside_shows_the_environ() -> None:
    given = json.loads(ask(app, Request(b"/inside?a=%C3%A9"), HTTP_COOKIE="a=b", wsgi__multithread=True).body)
    assert given["QUERY_STRING"] == "a=%C3%A9"
    assert given["HTTP_COOKIE"] == "a=b"
    assert given["wsgi.version"] == "(1, 0)"
    assert given["wsgi.multithread"] is True


def test_background_responds_before_its_work_is_finished() -> None:
    answer = begin(post(b"/background?seconds=0.2", b""))
    job = json.loads(b"".join(answer))["job"]
    assert job not in json.loads(ask(app, Request(b"/background")).body)["finished"]
    answer.close()  # the server's signal that everything has been sent
    assert json.loads(ask(app, Request(b"/background")).body)["finished"][-1] == job


def test_background_starts_no_thread() -> None:
    before = set(threading.enumerate())
    ask(app, post(b"/background?seconds=0", b""))
    assert set(threading.enumerate()) <= before


def test_a_file_is_passed_to_the_servers_wrapper() -> None:
    wrapped: list[tuple[str, int]] = []

    class Wrapper:
        def __init__(self, file: Any, size: int) -> None:
            wrapped.append((file.name, size))
            self.file = file

        def __iter__(self) -> Any:
            return iter(self.file)

        def close(self) -> None:
            self.file.close()

    response = ask(app, Request(b"/file"), wsgi__file_wrapper=Wrapper)
    assert wrapped == [(module.__file__, 65_536)]
    assert (response.body, response.headers["content-length"]) == (SOURCE, str(len(SOURCE)))


def test_without_a_wrapper_a_file_is_sent_and_closed() -> None:
    environ = environ_of(Request(b"/file"))
    environ.pop("wsgi.file_wrapper", None)
    blocks: Any = app(environ, lambda *_: lambda _: None)
    assert b"".join(blocks) == SOURCE
    blocks.close()
    assert blocks.filelike.closed


def test_a_websocket_gets_a_501_that_names_the_adapter() -> None:
    response = ask(app, Request(b"/ws"))
    assert response.status == 501
    assert b"An ASGI app behind ASGIToWSGI can serve WebSockets" in response.body
