"""wsgi.input as a stream: PEP 3333, "Input and Error Streams"; the Python library's io.BufferedIOBase."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from wsgiref.types import StartResponse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.wsgi_to_asgi.apps import Environ, Reading
from tests.adapters.wsgi_to_asgi.serving import Serve

TEXT = b"first\nsecond line\n\nlast without an end"
CUTS = [[TEXT], [TEXT[n : n + 1] for n in range(len(TEXT))], [b"", TEXT[:9], b"", b"", TEXT[9:], b""]]


def read(serve: Serve, do: Callable[[Any], Any], body: Any = TEXT, **request: Any) -> Any:
    """Return the result of `do(wsgi.input)` in an app that gets `body`."""
    app = Reading(do)
    if isinstance(body, list):
        request.setdefault("headers", [(b"content-length", b"%d" % sum(map(len, body)))])
    serve(app, "POST", body=body, **request).response()
    if app.error:
        raise app.error
    return app.result


@pytest.fixture(params=CUTS, ids=["whole", "bytes", "empties"])
def cut(request: pytest.FixtureRequest) -> list[bytes]:
    """The same body, arriving in different pieces."""
    pieces: list[bytes] = request.param
    return pieces


@pytest.mark.parametrize("arguments", [(), (None,), (-1,), (1000,)])
def test_read_returns_the_remainder(serve: Serve, cut: list[bytes], arguments: tuple[Any, ...]) -> None:
    """PEP 3333: a server should allow read() without an argument, and return the remainder of the input."""
    assert read(serve, lambda stream: stream.read(*arguments), cut) == TEXT
    assert read(serve, lambda stream: (stream.read(3), stream.read(*arguments)), cut) == (TEXT[:3], TEXT[3:])


def test_read_of_a_size_returns_that_many_bytes(serve: Serve, cut: list[bytes]) -> None:
    """PEP 3333: read(size) as in the Python library: the requested number of bytes, fewer only at the end."""
    sizes = (0, 1, 7, 10, 100)
    expected = io.BytesIO(TEXT)
    result = read(serve, lambda stream: [stream.read(size) for size in sizes], cut)
    assert result == [expected.read(size) for size in sizes]


def test_read_of_zero_bytes_returns_nothing_and_takes_nothing(serve: Serve) -> None:
    """PEP 3333: read(size) as in the Python library."""
    assert read(serve, lambda stream: (stream.read(0), stream.read())) == (b"", TEXT)


@pytest.mark.parametrize("method", ["read", "readline"])
def test_an_exhausted_stream_returns_empty_bytestrings(serve: Serve, method: str) -> None:
    """PEP 3333: a server should return empty bytestrings from any attempt to read from an exhausted stream."""
    result = read(serve, lambda stream: (stream.read(), getattr(stream, method)(), getattr(stream, method)(5)))
    assert result == (TEXT, b"", b"")


def test_an_empty_stream_returns_empty_results(serve: Serve) -> None:
    """PEP 3333: a server should return empty bytestrings from any attempt to read from an empty stream."""
    result = read(serve, lambda s: (s.read(), s.read(5), s.readline(), s.readlines(), list(s)), b"")
    assert result == (b"", b"", b"", [], [])


def test_readline_returns_a_line_with_its_end(serve: Serve, cut: list[bytes]) -> None:
    """PEP 3333: readline() as in the Python library."""
    lines = read(serve, lambda stream: [stream.readline() for _ in range(6)], cut)
    assert lines == [b"first\n", b"second line\n", b"\n", b"last without an end", b"", b""]


@pytest.mark.parametrize("size", [0, 1, 5, 6, 7, 100, -1, None])
def test_readline_supports_the_size_argument(serve: Serve, cut: list[bytes], size: int | None) -> None:
    """PEP 3333: servers should support the optional size argument to readline(): the maximum number of bytes."""
    expected = io.BytesIO(TEXT)
    assert read(serve, lambda s: [s.readline(size) for _ in range(3)], cut) == [
        expected.readline(size) for _ in range(3)
    ]


def test_readlines_returns_all_lines(serve: Serve, cut: list[bytes]) -> None:
    """PEP 3333: readlines() as in the Python library."""
    assert read(serve, lambda stream: stream.readlines(), cut) == io.BytesIO(TEXT).readlines()


@pytest.mark.parametrize("hint", [0, 1, 6, 7, 100, -1, None])
def test_readlines_takes_a_hint(serve: Serve, cut: list[bytes], hint: int | None) -> None:
    """PEP 3333: the hint may be ignored; as in the library it ends the list after a line, and never loses bytes."""
    lines, rest = read(serve, lambda stream: (stream.readlines(hint), stream.read()), cut)
    assert b"".join(lines) + rest == TEXT
    assert lines == TEXT.splitlines(keepends=True)[: len(lines)]
    assert lines


def test_iteration_yields_the_lines(serve: Serve, cut: list[bytes]) -> None:
    """PEP 3333: __iter__() as in the Python library."""
    assert read(serve, list, cut) == io.BytesIO(TEXT).readlines()


def test_iteration_continues_where_reading_stopped(serve: Serve) -> None:
    """PEP 3333: all methods share one position."""
    result = read(serve, lambda stream: (stream.read(3), next(iter(stream)), stream.readline(), list(stream)))
    assert result == (b"fir", b"st\n", b"second line\n", [b"\n", b"last without an end"])


@pytest.mark.parametrize("length", [100, 3 * 2**20])
def test_read_data_is_bytes(serve: Serve, length: int) -> None:
    """PEP 3333: values read from wsgi.input must be of type bytes."""
    results = read(serve, lambda s: [s.read(5), s.readline(5), s.read(), *s.readlines()], b"x" * length)
    assert {type(result) for result in results} == {bytes}


def test_the_app_reads_no_more_than_the_content_length(serve: Serve) -> None:
    """PEP 3333: the server should simulate an end-of-file if the application reads past the Content-Length."""
    assert read(serve, lambda s: (s.read(), s.read()), [b"hello, world"], headers=[(b"content-length", b"5")]) == (
        b"hello",
        b"",
    )


def test_events_may_lack_their_optional_keys(serve: Serve) -> None:
    """ASGI: body defaults to b"", more_body to False."""
    app = Reading(lambda stream: stream.read())
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/",
             "query_string": b"", "headers": [(b"content-length", b"5")]}  # fmt: skip
    events: list[dict[str, Any]] = [
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"hello"},
    ]
    serve.start(serve.adapt(app), scope, events=events).response()
    assert app.result == b"hello"


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["read", "readline", "readlines", "next"]),
        st.one_of(st.none(), st.integers(-1, 12), st.integers(0, 200_000)),
    ),
    max_size=12,
)


def perform(stream: Any, operations: list[tuple[str, int | None]]) -> list[Any]:
    results: list[Any] = []
    for name, argument in operations:
        if name == "next":
            results.append(next(iter(stream), b""))
        elif name == "readlines":
            results.append(b"".join(stream.readlines()))  # servers may interpret the hint
        else:
            results.append(getattr(stream, name)(argument))
    return [*results, stream.read()]


class Performing:
    """Does the operation set last; it is one app, so that one adapter serves all examples."""

    operations: list[tuple[str, int | None]]
    results: list[Any]

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        self.results = perform(environ["wsgi.input"], self.operations)
        start_response("200 OK", [])
        return [b"done"]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    pieces=st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([b"\n", b"a\n" * 3, b"x" * 70_000])), max_size=9),
    chunked=st.booleans(),
    operations=OPERATIONS,
)
def test_any_sequence_of_reads_returns_the_same_as_a_file(
    serve: Serve, pieces: list[bytes], chunked: bool, operations: list[tuple[str, int | None]]
) -> None:
    """PEP 3333: the semantics of each method are as documented in the Python Library Reference."""
    app = APP
    app.operations = operations
    body = b"".join(pieces)
    headers = [(b"transfer-encoding", b"chunked")] if chunked else [(b"content-length", b"%d" % len(body))]
    serve(app, "POST", body=pieces or [b""], headers=headers).response()
    assert app.results == perform(io.BytesIO(body), operations)


APP = Performing()
