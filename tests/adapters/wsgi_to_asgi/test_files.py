"""wsgi.file_wrapper: PEP 3333, "Optional Platform-Specific File Handling"; ASGI, Path Send and Zero Copy Send."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest

from tests.adapters.wsgi_to_asgi.apps import Capturing, Environ
from tests.adapters.wsgi_to_asgi.contenders import is_ours
from tests.adapters.wsgi_to_asgi.exchange import Exchange, Plan, Response
from tests.adapters.wsgi_to_asgi.files import CONTENT, FILES, Reader, at
from tests.adapters.wsgi_to_asgi.serving import SLOW, Serve, poll

OFFERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "pathsend": {"http.response.pathsend": {}},
    "zerocopysend": {"http.response.zerocopysend": {}},
    "both": {"http.response.pathsend": {}, "http.response.zerocopysend": {}},
}
SENDFILE = {"pathsend", "zerocopysend"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with CONTENT in it."""
    path = tmp_path / "content.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(params=list(OFFERS.values()), ids=list(OFFERS))
def offer(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The file extensions that a server offers."""
    extensions: dict[str, Any] = request.param
    return extensions


@pytest.fixture(autouse=True)
def _offered(serve: Serve) -> None:
    """PEP 3333 leaves it to servers whether they supply wsgi.file_wrapper; we do."""
    serve.options = {"pathsend": True}
    app = Capturing()
    serve(app).response()
    if not is_ours() and "wsgi.file_wrapper" not in app.environ:
        pytest.skip("this adapter has no wsgi.file_wrapper")


class Sending:
    """Wraps the result of `open_file`; records how often, and on which thread, it was closed."""

    def __init__(self, open_file: Callable[[], Any], headers: Iterable[tuple[str, str]] = (), *block_size: int) -> None:
        self._open, self._headers, self._block_size = open_file, list(headers), block_size
        self.file: Any = None
        self.wrapper: Any = None
        self.thread = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.thread = threading.get_ident()
        start_response("200 OK", list(self._headers))
        self.file = self._open()
        self.wrapper = environ["wsgi.file_wrapper"](self.file, *self._block_size)
        return self.wrapper  # type: ignore[no-any-return]


def send(serve: Serve, app: Any, offer: dict[str, Any], method: str = "GET", plan: Plan | None = None) -> Exchange:
    return serve(app, method, extensions=offer, plan=plan)


def whole(serve: Serve, app: Any, offer: dict[str, Any]) -> Response:
    """Return the response, after a check of its stated length."""
    response = send(serve, app, offer).response()
    assert response.values(b"content-length") in ([], [b"%d" % len(response.body)])
    return response


def test_file_wrapper_is_a_class(serve: Serve) -> None:
    """Ours: a class, as in PEP 3333's example, so that middleware can distinguish its instances from other results."""
    wrappers: list[Any] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrappers.append(environ["wsgi.file_wrapper"])
        start_response("200 OK", [])
        return [b"x"]

    serve(app).response()
    assert isinstance(wrappers[0], type)


def test_a_file_is_sent_completely(serve: Serve, file: Path, offer: dict[str, Any]) -> None:
    """PEP 3333: the wrapper's semantics are those of iterating over the file's blocks until its end."""
    app = Sending(lambda: file.open("rb"))
    assert whole(serve, app, offer).body == CONTENT
    poll(lambda: app.file.closed, "the file to be closed")


@pytest.mark.parametrize("block_size", [1, 1000, 10**7])
def test_a_block_size_may_be_suggested(serve: Serve, file: Path, block_size: int) -> None:
    """PEP 3333: the second parameter is an optional block size suggestion, which the server need not use."""
    small = file.with_name("small.bin")
    small.write_bytes(CONTENT[:3000])
    assert whole(serve, Sending(lambda: small.open("rb"), [], block_size), {}).body == CONTENT[:3000]


@pytest.mark.parametrize("name", sorted(SENDFILE))
def test_a_file_is_passed_to_the_server_if_it_offers_to_send_files(serve: Serve, file: Path, name: str) -> None:
    """Ours: the offered extension is used, and the file's blocks do not pass through Python."""
    exchange = send(serve, Sending(lambda: file.open("rb")), OFFERS[name])
    assert exchange.response().body == CONTENT
    assert exchange.types == ["start", name]


@pytest.mark.parametrize("name", sorted(SENDFILE))
def test_no_file_is_passed_to_the_server_by_default(serve: Serve, file: Path, name: str) -> None:
    """Ours: middleware that wraps send() may not know these messages, so they are optional."""
    serve.options = {}
    exchange = send(serve, Sending(lambda: file.open("rb")), OFFERS[name])
    assert exchange.response().body == CONTENT
    assert not SENDFILE & set(exchange.types)


def test_a_temporary_file_is_not_passed_by_name(serve: Serve) -> None:
    """Safety: a temporary file disappears when it is closed, and a server may open it after send() has returned."""

    def temporary() -> Any:
        opened = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the server closes it
        opened.write(CONTENT)
        opened.seek(0)
        return opened

    exchange = send(serve, Sending(temporary), OFFERS["pathsend"])
    assert exchange.response().body == CONTENT
    assert "pathsend" not in exchange.types


def test_a_wrapper_of_a_subclass_is_iterated(serve: Serve, file: Path) -> None:
    """Safety: a subclass may change the file's bytes, or remove it in close()."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrapper: Any = environ["wsgi.file_wrapper"]

        class Upper(wrapper):  # type: ignore[misc]
            def __next__(self) -> bytes:
                return bytes(super().__next__()).swapcase()

        start_response("200 OK", [])
        return Upper(file.open("rb"))

    assert whole(serve, app, OFFERS["pathsend"]).body == CONTENT.swapcase()


def test_a_wrapper_can_seek_if_its_file_can(serve: Serve, file: Path) -> None:
    """Ours: for a range, Werkzeug seeks in the wrapper if it is seekable, and otherwise reads from the start."""
    reads: list[int] = []

    class Counting(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            reads.append(self.tell())
            return super().read(-1 if size is None else size)

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrapper = environ["wsgi.file_wrapper"](Counting(file), 1000)
        assert wrapper.seekable()
        wrapper.seek(-10, io.SEEK_END)
        assert wrapper.tell() == len(CONTENT) - 10
        start_response("206 Partial Content", [])
        return wrapper  # type: ignore[no-any-return]

    assert whole(serve, app, OFFERS["pathsend"]).body == CONTENT[-10:]
    assert reads[0] == len(CONTENT) - 10


def test_a_wrapper_cannot_seek_if_its_file_cannot(serve: Serve, file: Path) -> None:
    """Ours: the wrapper's seekable() is correct."""
    said: list[bool] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrap = environ["wsgi.file_wrapper"]
        said.extend((wrap(Reader(b"")).seekable(), hasattr(wrap(Reader(b"")), "seek")))
        with FILES["pipe"][0](file) as pipe:
            said.append(wrap(pipe).seekable())
            pipe.read()
        start_response("200 OK", [])
        return [b"x"]

    whole(serve, app, {})
    assert said == [False, False, False]


@pytest.mark.parametrize("wanted", ["bytes=-10", f"bytes={len(CONTENT) - 10}-", "bytes=5-14"])
def test_a_range_request_reads_the_file_from_the_start_of_the_range(serve: Serve, file: Path, wanted: str) -> None:
    """RFC 9110, 14.2, through Flask: ten bytes at any position of a file cost one block."""
    flask = pytest.importorskip("flask")
    flask_app, blocks = flask.Flask("ranges"), list[bytes]()

    @flask_app.get("/")  # type: ignore[untyped-decorator]
    def download() -> Any:
        return flask.send_file(file, conditional=True)

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrapper: Any = environ["wsgi.file_wrapper"]

        class Counting(wrapper):  # type: ignore[misc]
            def __init__(self, file: Any, size: int = 1000) -> None:
                super().__init__(file, 1000)

            def __next__(self) -> bytes:
                block: bytes = super().__next__()
                blocks.append(block)
                return block

        environ["wsgi.file_wrapper"] = Counting
        return flask_app.wsgi_app(environ, start_response)  # type: ignore[no-any-return]

    response = serve(app, headers=[(b"range", wanted.encode())]).response()
    expected = CONTENT[5:15] if wanted == "bytes=5-14" else CONTENT[-10:]
    assert (response.status, response.body) == (206, expected)
    assert len(blocks) == 1


def test_pathsend_has_an_absolute_path(serve: Serve, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASGI, Path Send: path is the absolute file path."""
    monkeypatch.chdir(file.parent)
    exchange = send(serve, Sending(lambda: at(Path(file.name), 0)), OFFERS["pathsend"])
    assert exchange.response().body == CONTENT
    message = exchange.sent[-1]
    assert message["type"] == "http.response.body" or Path(message["path"]).is_absolute()


def test_a_file_that_the_server_sends_stays_open_until_it_is_sent(serve: Serve, file: Path) -> None:
    """ASGI, Zero Copy Send: the application closes the file, after the server has used its descriptor."""
    app = Sending(lambda: file.open("rb"))
    exchange = send(serve, app, OFFERS["zerocopysend"], plan=SLOW)
    exchange.wait_body(CONTENT)
    serve.loop.settle()
    assert not app.file.closed
    exchange.release()
    exchange.response()
    poll(lambda: app.file.closed, "the file to be closed")


@pytest.mark.parametrize(("open_file", "content"), FILES.values(), ids=FILES.keys())
def test_transmission_begins_at_the_current_position_of_the_file(
    serve: Serve, file: Path, offer: dict[str, Any], open_file: Callable[[Path], Any], content: bytes
) -> None:
    """PEP 3333: transmission should begin at the current position within the file, and continue until its end."""
    assert whole(serve, Sending(lambda: open_file(file)), offer).body == content


@pytest.mark.parametrize("length", [0, 1, 1000, len(CONTENT) - 1, len(CONTENT)])
def test_no_more_bytes_of_a_file_are_sent_than_the_content_length(
    serve: Serve, file: Path, offer: dict[str, Any], length: int
) -> None:
    """PEP 3333: until the end is reached, or until Content-Length bytes have been written."""
    app = Sending(lambda: file.open("rb"), [("Content-Length", str(length))])
    assert whole(serve, app, offer).body == CONTENT[:length]


def test_a_file_shorter_than_its_content_length_never_looks_complete(
    serve: Serve, file: Path, offer: dict[str, Any]
) -> None:
    """PEP 3333: if the application does not provide enough data, the server should report the error."""
    app = Sending(lambda: file.open("rb"), [("Content-Length", str(len(CONTENT) + 1))])
    exchange = send(serve, app, offer)
    assert isinstance(exchange.error(), Exception)
    assert not exchange.complete


@pytest.mark.parametrize("result", ["other", "middleware", "list"])
def test_a_wrapper_that_is_not_returned_sends_nothing(
    serve: Serve, file: Path, offer: dict[str, Any], result: str
) -> None:
    """PEP 3333: no data transmission until and unless the server receives the iterable as a return value."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        wrapper = environ["wsgi.file_wrapper"](opened)
        start_response("200 OK", [])
        if result == "middleware":
            return (block.swapcase() for block in wrapper)
        return list(wrapper) if result == "list" else [b"other"]

    expected = {"other": b"other", "middleware": CONTENT.swapcase(), "list": CONTENT}[result]
    with file.open("rb") as opened:
        assert whole(serve, app, offer).body == expected


def test_a_file_in_response_to_a_head_request_is_not_an_error(serve: Serve, file: Path, offer: dict[str, Any]) -> None:
    """RFC 9110, 9.3.2: the server sends no content for HEAD; a stated length is that of the file."""
    app = Sending(lambda: file.open("rb"), [("Content-Length", str(len(CONTENT)))])
    exchange = send(serve, app, offer, "HEAD")
    assert exchange.response().values(b"content-length") == [b"%d" % len(CONTENT)]
    poll(lambda: app.file.closed, "the file to be closed")


class Closing(Reader):
    """Counts its closes and records their threads."""

    closes = 0
    thread = 0

    def close(self) -> None:
        self.closes += 1
        self.thread = threading.get_ident()


@pytest.mark.parametrize("ending", ["end", "leave", "cancel", "fail"])
def test_the_file_is_closed_on_the_thread_of_the_app(serve: Serve, ending: str) -> None:
    """PEP 3333: the wrapper must have a close() method that invokes the file's close() method."""
    app = Sending(lambda: Closing(CONTENT * (1 if ending == "end" else 100)))
    exchange = send(serve, app, {}, plan=None if ending == "end" else SLOW)
    if ending != "end":
        exchange.wait_body(CONTENT[:1])
        getattr(exchange, ending)()
    exchange.wait_end()
    poll(lambda: app.file.closes > 0, "the file to be closed")
    assert (app.file.closes, app.file.thread) == (1, app.thread)


def test_a_file_that_the_server_fails_to_send_is_closed(serve: Serve, file: Path, offer: dict[str, Any]) -> None:
    """PEP 3333: close() must be called, also upon an early disconnect of the browser."""
    app = Sending(lambda: file.open("rb"))
    send(serve, app, offer, plan=Plan(fail_from=1)).wait_end()
    poll(lambda: app.file.closed, "the file to be closed")


def test_an_error_of_the_file_is_an_error_of_the_app(serve: Serve, offer: dict[str, Any]) -> None:
    """PEP 3333: an exception that aborts the iteration is reported, and the response does not look complete."""

    class Failing(Reader):
        reads = 0

        def read(self, size: int = -1) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise OSError("the disk is gone")
            return b"begun"

    exchange = send(serve, Sending(lambda: Failing(b"")), offer)
    assert isinstance(exchange.error(), OSError)
    assert not exchange.complete
