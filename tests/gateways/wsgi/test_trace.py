"""An observed WSGI app: its events are recorded, and its server cannot distinguish it from the app itself."""

import io
from collections import UserList
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from gateways.events.events import Event
from gateways.wsgi.trace import access_log, watch

WRAPPERS = [watch, access_log]


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, ", environ["wsgi.input"].read(5)]


def environ_of(body: bytes = b"", **more: Any) -> WSGIEnvironment:
    environ: WSGIEnvironment = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), **more}
    setup_testing_defaults(environ)
    return environ


def answered(app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
    """Return the bytes that the standard library's handler sends for the app."""
    out = io.BytesIO()
    SimpleHandler(environ["wsgi.input"], out, io.StringIO(), environ).run(app)
    return out.getvalue()


def steps(events: list[Event]) -> list[tuple[str, Any]]:
    return [(kind, data) for _, _, _, kind, data in events]


def started(*_: Any) -> Callable[[bytes], object]:
    return lambda data: None


def test_every_step_is_recorded_in_order_and_with_its_time() -> None:
    events: list[Event] = []
    environ = environ_of(b"world!")
    result = watch(hello, events.append)(environ, started)
    assert b"".join(result) == b"Hello, world"
    result.close()  # type: ignore[attr-defined]
    (first, given), *rest = steps(events)
    assert first == "environ"
    assert given["REQUEST_METHOD"] == "GET"
    assert rest == [
        ("start_response", ("200 OK", [("Content-Type", "text/plain")], False)),
        ("read", ("read", (5,), b"world")),
        ("returned", ("list", 2)),
        ("block", b"Hello, "),
        ("block", b"world"),
        ("end", None),
    ]
    times = [when for when, *_ in events]
    assert times == sorted(times)
    assert len({exchange for _, _, exchange, _, _ in events}) == 1


def test_two_requests_are_two_exchanges() -> None:
    events: list[Event] = []
    watched = watch(hello, events.append)
    watched(environ_of(), started)
    watched(environ_of(), started)
    assert sorted({exchange for _, _, exchange, _, _ in events}) == [1, 2]


def test_the_environ_is_recorded_unchanged_and_the_app_gets_the_original() -> None:
    events: list[Event] = []
    environ = environ_of()

    def app(given: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert given is environ
        given["changed"] = True
        return hello(given, start_response)

    watch(app, events.append)(environ, started)
    assert "changed" not in events[0][4]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("block", [[b"one"], (b"one", b"two"), [], UserList([b"one"])])
def test_the_length_of_a_list_is_still_visible(wrap: Callable[..., WSGIApplication], block: Any) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return block  # type: ignore[no-any-return]

    assert len(wrap(app, print)(environ_of(), started)) == len(block)  # type: ignore[arg-type]
    assert answered(wrap(app, list), environ_of()) == answered(app, environ_of())


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_write_works_and_is_recorded(wrap: Callable[..., WSGIApplication]) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"written")
        return [b", then returned"]

    events: list[Event] = []
    assert answered(wrap(app, events.append), environ_of()).endswith(b"written, then returned")
    if wrap is watch:
        assert ("write", b"written") in steps(events)
    else:
        assert events[0][4][4] == len(b"written, then returned")


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_close_is_called_once_on_every_path(wrap: Callable[..., WSGIApplication]) -> None:
    closed: list[str] = []

    class Blocks:
        def __init__(self, name: str) -> None:
            self.name = name

        def __iter__(self) -> Iterator[bytes]:
            yield b"x"
            if self.name == "breaks":
                raise ValueError

        def close(self) -> None:
            closed.append(self.name)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Blocks(environ["NAME"])

    for name in ("ends", "breaks"):
        events: list[Event] = []
        answered(wrap(app, events.append), environ_of(NAME=name))
        assert events[-1][3] == ("end" if wrap is watch else "access")
    result = wrap(app, list)(environ_of(NAME="left"), started)
    assert next(iter(result)) == b"x"
    result.close()  # type: ignore[attr-defined]
    assert closed == ["ends", "breaks", "left"]


def test_the_servers_own_file_wrapper_is_returned_unchanged() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))  # type: ignore[no-any-return]

    events: list[Event] = []
    result = watch(app, events.append)(environ_of() | {"wsgi.file_wrapper": FileWrapper}, started)
    assert type(result) is FileWrapper
    assert steps(events)[-2:] == [("file", "FileWrapper"), ("end", None)]
    lines: list[Event] = []
    result = access_log(app, lines.append)(environ_of() | {"wsgi.file_wrapper": FileWrapper}, started)
    assert type(result) is FileWrapper
    assert lines[0][4][:5] == ("GET", b"/", b"", 200, 4)


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_an_error_in_the_app_reaches_the_server_unchanged(wrap: Callable[..., WSGIApplication]) -> None:
    error = ValueError("in the app")

    def at_once(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise error

    def later(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"x"
        raise error

    events: list[Event] = []
    with pytest.raises(ValueError, match="in the app") as caught:
        wrap(at_once, events.append)(environ_of(), started)
    assert caught.value is error
    result = wrap(later, events.append)(environ_of(), started)
    with pytest.raises(ValueError, match="in the app") as caught:
        list(result)
    assert caught.value is error
    if wrap is watch:
        said = [data for kind, data in steps(events) if kind == "raised"]
        assert [each.rpartition(":")[0] for each in said] == [f"ValueError('in the app') at {__file__}"] * 2


def test_exc_info_reaches_the_server_as_positional_or_keyword_argument() -> None:
    got: list[Any] = []

    def server(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        got.append(exc_info)
        return lambda data: None

    def app(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("500 No", [], "positional")
        start_response("500 No", [], exc_info="by name")
        return []

    events: list[Event] = []
    watch(app, events.append)(environ_of(), server)
    assert got == [None, "positional", "by name"]
    assert [data[2] for kind, data in steps(events) if kind == "start_response"] == [False, True, True]


def test_all_reads_of_the_input_are_recorded_and_other_attributes_are_the_servers() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        assert stream.readline() == b"one\n"
        assert stream.tell() == 4
        assert next(iter(stream)) == b"two\n"
        assert stream.readlines() == [b"three\n", b"four"]
        assert stream.read() == b""
        return []

    events: list[Event] = []
    watch(app, events.append)(environ_of(b"one\ntwo\nthree\nfour"), started)
    assert [data for kind, data in steps(events) if kind == "read"] == [
        ("readline", (), b"one\n"),
        ("__next__", (), b"two\n"),
        ("readlines", (), b"three\nfour"),
        ("read", (), b""),
    ]


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_both_sides_of_an_observed_app_pass_the_validator(wrap: Callable[..., WSGIApplication]) -> None:
    plain = answered(validator(hello), environ_of(b"world", QUERY_STRING=""))
    assert plain.endswith(b"Hello, world")
    watched = validator(wrap(validator(hello), list))
    assert answered(watched, environ_of(b"world", QUERY_STRING="")) == plain


def test_the_access_event_contains_request_and_response() -> None:
    events: list[Event] = []
    environ = environ_of(b"world", SCRIPT_NAME="/app", PATH_INFO="/\xc3\xa9", QUERY_STRING="a=1")
    answered(access_log(hello, events.append), environ)
    (event,) = events
    method, path, query, status, size, seconds, flaw, client, protocol = event[4]
    assert event[3] == "access"
    assert (method, path, query, status, size, flaw, client) == ("GET", b"/app/\xc3\xa9", b"a=1", 200, 12, "", None)
    assert protocol == environ["SERVER_PROTOCOL"]
    assert 0 < seconds < 5


def raising(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    raise ValueError


def raising_later(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"123"
    raise KeyError


def silent(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return []


@pytest.mark.parametrize(
    ("app", "status", "size", "flaw"),
    [(raising, 0, 0, "raised ValueError"), (raising_later, 200, 3, "raised KeyError"), (silent, 0, 0, "no answer")],
)
def test_the_access_event_names_why_a_response_is_incomplete(
    app: WSGIApplication, status: int, size: int, flaw: str
) -> None:
    events: list[Event] = []
    answered(access_log(app, events.append), environ_of())
    data = events[0][4]
    assert (data[3], data[4], data[6]) == (status, size, flaw)


def test_the_access_event_has_no_status_if_the_server_refuses_the_response_headers() -> None:
    def refused(*_: Any) -> Callable[[bytes], object]:
        raise AssertionError

    events: list[Event] = []
    with pytest.raises(AssertionError):
        access_log(hello, events.append)(environ_of(), refused)
    assert events[0][4][3] == 0
    assert events[0][4][6] == "raised AssertionError"


@pytest.mark.parametrize(
    ("method", "headers", "flaw"),
    [("GET", [], "cut off"), ("GET", [("Content-Length", "3")], ""), ("HEAD", [], "")],
)
def test_unread_blocks_are_a_cut_response_unless_the_server_had_the_complete_length(
    method: str, headers: list[tuple[str, str]], flaw: str
) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", headers)
        yield b"123"
        yield b""

    events: list[Event] = []
    result = access_log(app, events.append)(environ_of(REQUEST_METHOD=method), started)
    assert next(iter(result)) == b"123"
    result.close()  # type: ignore[attr-defined]
    assert events[0][4][6] == flaw
