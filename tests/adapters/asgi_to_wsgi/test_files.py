"""http.response.pathsend over wsgi.file_wrapper (PEP 3333, "Optional Platform-Specific File Handling"), early hints."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from wsgiref.util import FileWrapper

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from .apps import Journal, Receive, Scope, Send, Watched, body, live_tasks, respond, sends, start
from .conftest import Bridge, LoopFactory
from .harness import Exchange, fetch
from .request import environ


class SendFile(FileWrapper):
    """A server's wsgi.file_wrapper, which records its instances."""

    made: ClassVar[list[SendFile]] = []

    def __init__(self, filelike: Any, blksize: int = 8192) -> None:
        super().__init__(filelike, blksize)
        self.made.append(self)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Clear the recorded wrappers."""
    SendFile.made = []
    yield
    SendFile.made = []


@pytest.fixture
def file_app(bridge: Bridge) -> Bridge:
    """Create an adapter that offers pathsend, for an app that sends files by path."""

    def make(app: Any, loop_factory: LoopFactory = None) -> Any:
        return bridge(app, loop_factory, pathsend=True)

    return make


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file larger than one block."""
    path = tmp_path / "download.bin"
    path.write_bytes(os.urandom(100_000))
    return path


def pathsend(path: Any, **more: Any) -> Any:
    """An http.response.pathsend."""
    return {"type": "http.response.pathsend", "path": str(path), **more}


def test_a_file_is_passed_to_the_servers_file_wrapper(file_app: Bridge, loop_factory: LoopFactory, file: Path) -> None:
    """Ours: the server sends the file itself (PEP 3333) only if the return value is its own wrapper."""
    headers = [(b"content-length", b"100000")]
    app = file_app(sends(start(200, headers), pathsend(file)), loop_factory)
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange:
        result = exchange.call()
        assert type(result) is SendFile
        assert result is SendFile.made[0]
        assert exchange.code == 200
        assert exchange.values("content-length") == ["100000"]
        assert exchange.rest() == file.read_bytes()
        exchange.close()
        assert SendFile.made[0].filelike.closed


def test_pathsend_is_not_offered_by_default(seen: Any) -> None:
    """ASGI, "Extensions": middleware that wraps send() may not know the message, and then sends files uncompressed or
    fails.
    """
    assert "http.response.pathsend" not in (seen(wsgi_file_wrapper=SendFile).get("extensions") or {})


def test_the_file_is_opened_as_the_server_needs_it(file_app: Bridge, file: Path) -> None:
    """PEP 3333: a readable file object; waitress uses seek() and tell() to determine its size."""
    with Exchange(file_app(sends(start(), pathsend(file))), environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        opened = SendFile.made[0].filelike
        assert (opened.tell(), opened.seek(0, os.SEEK_END), opened.seek(10), opened.tell()) == (0, 100_000, 10, 10)
        assert opened.read(20) == file.read_bytes()[10:30]


def test_the_file_has_no_descriptor_for_sendfile(file_app: Bridge, file: Path) -> None:
    """Ours: with sendfile(2) the file must not change until the client has read it, long after close()."""
    with Exchange(file_app(sends(start(), pathsend(file))), environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        with pytest.raises(OSError, match="fileno"):
            SendFile.made[0].filelike.fileno()


def test_a_file_without_a_content_length_gets_one(file_app: Bridge, file: Path) -> None:
    """RFC 9110, 8.6: a complete body has a known length."""
    response = fetch(file_app(sends(start(), pathsend(file))), environ(wsgi_file_wrapper=SendFile))
    assert response.values("content-length") == ["100000"]


def sends_then_notes(file: Path, journal: Journal, *, length: int | None = None) -> Any:
    """Return an app that records the result of its pathsend."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, [] if length is None else [(b"content-length", b"%d" % length)]))
        try:
            await send(pathsend(file))
            journal.note("sent")
        except OSError as error:
            journal.note(type(error).__name__)
            raise

    return app


def test_send_returns_only_when_the_server_has_closed_the_file(
    file_app: Bridge, loop_factory: LoopFactory, file: Path, journal: Journal
) -> None:
    """Safety: after send() the app may delete the file or write another user's data to it."""
    watched = Watched(sends_then_notes(file, journal))
    app = file_app(watched, loop_factory)
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        assert exchange.rest() == file.read_bytes()
        live_tasks(watched.loop)  # the loop has run an iteration since then
        assert journal.entries == []
        exchange.close()
        journal.expect("sent")


def test_send_raises_if_the_server_closes_the_file_too_early(file_app: Bridge, file: Path, journal: Journal) -> None:
    """ASGI HTTP, "Disconnected Client - send exception"."""
    with Exchange(file_app(sends_then_notes(file, journal)), environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        exchange.block()
        exchange.close()
        journal.expect("ClientDisconnected")


def test_send_raises_if_the_file_cannot_be_opened(file_app: Bridge, tmp_path: Path, journal: Journal) -> None:
    """Ours: the app gets the reason, as if it had read the file itself."""
    app = file_app(sends_then_notes(tmp_path / "none", journal))
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange, pytest.raises(FileNotFoundError):
        exchange.run()
    journal.expect("FileNotFoundError")


def test_an_app_that_listens_is_not_disconnected_while_its_file_is_sent(
    file_app: Bridge, file: Path, journal: Journal
) -> None:
    """ASGI HTTP, "Disconnect": sent after the response, which is not complete yet."""

    async def listens_beside_it(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

        async def listen() -> None:
            journal.note((await receive())["type"])

        listening = asyncio.ensure_future(listen())
        await send(start())
        await send(pathsend(file))
        journal.note("sent")
        await listening

    with Exchange(file_app(listens_beside_it), environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        exchange.rest()
        exchange.close()
        journal.last(2)
        assert set(journal.entries) == {"sent", "http.disconnect"}


def test_a_file_shorter_than_its_content_length_is_an_error_before_the_response_headers(
    file_app: Bridge, file: Path
) -> None:
    """RFC 9110, 8.6: a client would complete a body that is too short with bytes of the next response."""
    app = file_app(sends(start(200, [(b"content-length", b"100001")]), pathsend(file)))
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange, pytest.raises(OSError, match="100001"):
        exchange.run()
    assert not exchange.status


def test_a_file_longer_than_its_content_length_is_cut_off(file_app: Bridge, file: Path) -> None:
    """RFC 9110, 8.6: the file has grown since the app read its size; a client would parse excess bytes as the next
    response.
    """
    app = file_app(sends(start(200, [(b"content-length", b"90000")]), pathsend(file)))
    assert fetch(app, environ(wsgi_file_wrapper=SendFile)).body == file.read_bytes()[:90_000]


def test_a_file_truncated_during_sending_leaves_the_response_incomplete(file_app: Bridge, file: Path) -> None:
    """Safety: another process may truncate the file; the response must not look complete."""
    app = file_app(sends(start(), pathsend(file)))
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        exchange.block()
        os.truncate(file, 20_000)
        with pytest.raises(OSError, match="truncated"):
            exchange.rest()


def test_the_file_is_closed_on_a_disconnect(file_app: Bridge, file: Path) -> None:
    """PEP 3333: the server must call the wrapper's close(), which closes the file."""
    with Exchange(file_app(sends(start(), pathsend(file))), environ(wsgi_file_wrapper=SendFile)) as exchange:
        exchange.call()
        exchange.block()
        exchange.close()
        assert SendFile.made[0].filelike.closed


def test_the_file_is_closed_if_the_server_rejects_the_response_headers(file_app: Bridge, file: Path) -> None:
    """Safety: no other code closes the file."""

    class Remembers(SendFile):
        def __init__(self, filelike: Any, blksize: int = 8192) -> None:
            super().__init__(filelike, blksize)
            raise OSError("no more of these")

    app = file_app(sends(start(), pathsend(file)))
    with Exchange(app, environ(wsgi_file_wrapper=Remembers)) as exchange, pytest.raises(OSError, match="no more"):
        exchange.run()
    assert SendFile.made[0].filelike.closed


def test_pathsend_is_not_offered_without_a_file_wrapper(bridge: Bridge) -> None:
    """ASGI, "Extensions": the scope has supported extensions only."""
    scopes: list[Scope] = []

    async def keeps_its_scope(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await respond(send)

    fetch(bridge(keeps_its_scope, pathsend=True), environ() | {"wsgi.file_wrapper": None})
    assert "http.response.pathsend" not in (scopes[0].get("extensions") or {})


def test_a_missing_file_is_an_error_before_the_response_headers(file_app: Bridge, tmp_path: Path) -> None:
    """ASGI HTTP: the server can still send a 500, because nothing has been sent."""
    exchange = Exchange(file_app(sends(start(), pathsend(tmp_path / "none"))), environ(wsgi_file_wrapper=SendFile))
    with exchange, pytest.raises(OSError, match="none"):
        exchange.run()
    assert exchange.sent == 0


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
def test_a_response_without_content_sends_no_file(file_app: Bridge, file: Path, method: str, status: int) -> None:
    """RFC 9110, 6.4.1: responses to HEAD, 204 and 304 have no content."""
    app = file_app(sends(start(status, [(b"content-length", b"100000")]), pathsend(file)))
    response = fetch(app, environ(method, wsgi_file_wrapper=SendFile))
    assert (response.body, response.values("content-length")) == (b"", ["100000"])
    assert all(made.filelike.closed for made in SendFile.made)


def test_pathsend_without_the_extension_raises_in_the_app(bridge: Bridge, file: Path) -> None:
    """ASGI, "Error Handling": without the extension, http.response.pathsend is an unknown type."""
    with Exchange(bridge(sends(start(), pathsend(file)))) as exchange, pytest.raises(Exception, match="pathsend"):
        exchange.run()


def test_pathsend_after_a_body_block_is_an_error(file_app: Bridge, file: Path) -> None:
    """ASGI Path Send: it cannot be mixed with http.response.body."""
    app = file_app(sends(start(), body(b"x", True), pathsend(file)))
    with Exchange(app, environ(wsgi_file_wrapper=SendFile)) as exchange, pytest.raises(Exception, match="pathsend"):
        exchange.run()


def test_pathsend_ends_the_response(file_app: Bridge, file: Path) -> None:
    """ASGI Path Send: one message per response; later messages are ignored, as after any end."""
    app = file_app(sends(start(), pathsend(file), body(b"more")))
    assert fetch(app, environ(wsgi_file_wrapper=SendFile)).body == file.read_bytes()


def test_early_hints_reach_a_server_that_supports_them(bridge: Bridge) -> None:
    """ASGI Early Hints: offered only if the server has wsgi.early_hints (gunicorn's name), and then passed to it."""
    hints: list[Any] = []

    async def hints_if_offered(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        if "http.response.early_hint" in (scope.get("extensions") or {}):
            await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
            await send(body(b"hinted"))
        else:
            await send(body(b"not offered"))

    response = fetch(bridge(hints_if_offered), environ(wsgi_early_hints=hints.append))
    if response.body == b"hinted":
        assert hints == [[("Link", "</a.css>; rel=preload")]]
    else:
        assert hints == []


def test_middleware_that_reads_bodies_gets_a_file_in_blocks(bare: Bridge, file: Path) -> None:
    """Ours: middleware that does not know pathsend (a body_iterator, compression) must work as on any ASGI server."""
    read: list[bytes] = []

    async def reads_the_body(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        read.append(b"".join([block async for block in response.body_iterator]))
        return Response(read[0], headers={"x-read": str(len(read[0]))})

    async def download(request: Request) -> FileResponse:
        return FileResponse(file)

    app = Starlette(
        routes=[Route("/", download)],
        middleware=[
            Middleware(GZipMiddleware, compresslevel=1),
            Middleware(BaseHTTPMiddleware, dispatch=reads_the_body),
        ],
    )
    response = fetch(bare(app), environ(wsgi_file_wrapper=SendFile, HTTP_ACCEPT_ENCODING="gzip"))
    assert (response.code, response.values("content-encoding")) == (200, ["gzip"])
    assert gzip.decompress(response.body) == read[0] == file.read_bytes()
