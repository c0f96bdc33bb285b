"""scope <-> meta-variables: examples for the clauses, and properties for arbitrary bytes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateways.adapters.errors import BadRequest
from gateways.adapters.mapping.requests import environ_from_scope, scope_from_environ


def scope_of(**more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.7", 50123),
        "server": ("example.org", 8000),
        **more,
    }


def names(environ: dict[str, Any]) -> tuple[str, str]:
    return environ["SCRIPT_NAME"], environ["PATH_INFO"]


@pytest.mark.parametrize(
    ("root_path", "path", "script_name", "path_info"),
    [
        ("", "/", "", "/"),
        ("", "", "", "/"),
        ("/", "/x", "", "/x"),
        ("/app", "/app", "/app", ""),
        ("/app", "/app/", "/app", "/"),
        ("/app", "/app/x", "/app", "/x"),
        ("/app", "/apple", "/app", "/apple"),
        ("/app", "/apple/x", "/app", "/apple/x"),
        ("/app", "/x", "/app", "/x"),
        ("/app", "/app/app", "/app", "/app"),
        ("/app/", "/app/x", "/app", "/x"),
        ("/app//", "/app/x", "/app", "/x"),
        ("/a/b", "/a/b/c", "/a/b", "/c"),
        ("/a/b", "/a/bc", "/a/b", "/a/bc"),
        ("/ü", "/ü/x", "/\xc3\xbc", "/x"),
        ("/ü", "/üx", "/\xc3\xbc", "/\xc3\xbcx"),
        ("", "*", "", "*"),
    ],
)
def test_the_root_path_is_cut_at_a_segment_boundary(
    root_path: str, path: str, script_name: str, path_info: str
) -> None:
    """RFC 3875, 4.1.13: SCRIPT_NAME ends where a segment ends, and has no trailing slash."""
    assert names(environ_from_scope(scope_of(root_path=root_path, path=path))) == (script_name, path_info)


@pytest.mark.parametrize(
    ("server", "host", "scheme", "name", "port"),
    [
        (("example.org", 8000), "", "http", "example.org", "8000"),
        (("2001:db8::1", 80), "", "http", "[2001:db8::1]", "80"),
        (None, "example.org:8080", "http", "example.org", "8080"),
        (None, "[::1]:8080", "http", "[::1]", "8080"),
        (None, "example.org", "https", "example.org", "443"),
        (None, "", "http", "localhost", "80"),
        (None, "not a host/", "http", "localhost", "80"),
        (("/run/x.sock", None), "", "https", "localhost", "443"),
        (["/run/x.sock", None], "example.org", "http", "example.org", "80"),
    ],
)
def test_server_name_and_port_are_never_empty(server: Any, host: str, scheme: str, name: str, port: str) -> None:
    """RFC 3875, 4.1.14 and 4.1.15: a host name or a bracketed IPv6 address, and digits."""
    headers = [(b"host", host.encode())] if host else []
    environ = environ_from_scope(scope_of(server=server, headers=headers, scheme=scheme))
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)


@pytest.mark.parametrize(
    ("version", "protocol"), [("1.0", "HTTP/1.0"), ("1", "HTTP/1.0"), ("1.1", "HTTP/1.1"), ("2", "HTTP/2")]
)
def test_the_protocol_of_http_1_has_a_minor_version(version: str, protocol: str) -> None:
    """RFC 9112, 2.3: granian's version of HTTP/1.0 is "1"."""
    assert environ_from_scope(scope_of(http_version=version))["SERVER_PROTOCOL"] == protocol


def test_a_request_without_host_has_no_host_variable() -> None:
    """PEP 3333, URL Reconstruction: SERVER_NAME counts then. granian adds an empty Host; Django rejects that."""
    environ = environ_from_scope(scope_of(headers=[(b"host", b"")], server=("10.0.0.1", 8000)))
    assert "HTTP_HOST" not in environ
    assert environ["SERVER_NAME"] == "10.0.0.1"


SEGMENTS = st.lists(st.binary(max_size=6).map(lambda segment: segment.replace(b"/", b"")), max_size=4)
PATHS = SEGMENTS.map(lambda segments: b"/" + b"/".join(segments))
ROOTS = st.lists(
    st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=4), max_size=3
)


@given(path=PATHS, root=ROOTS, included=st.booleans(), escaped=st.booleans())
@example(path=b"/caf\xe9", root=[], included=True, escaped=False)
@example(path=b"//x", root=["a"], included=True, escaped=True)
@example(path=b"/%2F%", root=[], included=True, escaped=True)
def test_all_bytes_of_a_path_are_passed_on(path: bytes, root: list[str], included: bool, escaped: bool) -> None:
    """PEP 3333, Unicode Issues: PATH_INFO has one character for each unquoted byte, for all bytes."""
    root_path = "".join(f"/{segment}" for segment in root)
    whole = root_path.encode() + path
    sent = whole if included else path
    if not included and whole.startswith(root_path.encode() + root_path.encode()):
        return  # a path that starts with its mount point is assumed to include it
    raw = quote_from_bytes(sent).encode() if escaped or b"%" in sent or b"?" in sent else sent
    scope = scope_of(path=sent.decode("utf-8", "replace"), raw_path=raw, root_path=root_path)
    assert [name.encode("latin-1") for name in names(environ_from_scope(scope))] == [root_path.encode(), path]


@given(st.binary())
def test_all_bytes_of_a_query_are_passed_on(query: bytes) -> None:
    """PEP 3333: QUERY_STRING is what follows the ?, as bytes."""
    assert environ_from_scope(scope_of(query_string=query))["QUERY_STRING"].encode("latin-1") == query


TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^`|~", min_size=1, max_size=8).map(str.encode)
VALUES = st.binary(max_size=12)
HEADERS = st.lists(st.tuples(TOKENS, VALUES), max_size=8)


@given(HEADERS)
def test_all_bytes_of_header_values_are_passed_on_in_order(headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 9110, 5.3: values of one name are joined by commas, in order; names are case-insensitive."""
    headers = [pair for pair in headers if pair[0].lower() not in {b"proxy", b"content-length", b"te"}]
    environ = environ_from_scope(scope_of(headers=headers))
    for name in {name.lower() for name, _ in headers}:
        joiner = b"; " if name == b"cookie" else b","
        expected = joiner.join(value for other, value in headers if other.lower() == name)
        key = "HTTP_" + name.decode().replace("-", "_").upper()
        assert environ[key].encode("latin-1") == expected


@given(st.lists(st.binary(max_size=4), max_size=4, unique_by=bytes.lower))
@example([b"x-ss", b"x-\xdf"])
@example([b"x-\xff", b"x-\xb5"])
def test_no_header_can_spoof_another(header_names: list[bytes]) -> None:
    """Safety: names that differ in more than case give different variables, or none."""
    environ = environ_from_scope(scope_of(headers=[(name, b"from " + name) for name in header_names if name]))
    variables = {key: value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, value in variables.items():
        key.encode("latin-1")
        assert "," not in value or any(b"," in name for name in header_names)


@given(st.lists(st.one_of(st.binary(max_size=5), st.integers(0, 10**20).map(lambda n: str(n).encode())), max_size=3))
def test_an_invalid_content_length_is_refused(values: list[bytes]) -> None:
    """RFC 9110, 8.6: one decimal number, perhaps repeated; anything else must be refused."""
    try:
        environ = environ_from_scope(scope_of(headers=[(b"content-length", value) for value in values]))
    except BadRequest:
        return
    length = environ.get("CONTENT_LENGTH")
    assert length is None or (length.isascii() and length.isdecimal())
    if length:
        assert {part.strip() for value in values for part in value.decode("latin-1").split(",")} == {length}


@given(
    path=st.text(max_size=8),
    root_path=st.text(max_size=8),
    raw_path=st.one_of(st.none(), st.binary(max_size=8)),
    query_string=st.binary(max_size=8),
    headers=st.lists(st.tuples(st.binary(max_size=8), VALUES), max_size=4),
)
@example(path="/\ud800", root_path="\udfff", raw_path=None, query_string=b"", headers=[])
def test_any_scope_results_in_latin_1_strings_or_a_400(**scope: Any) -> None:
    """PEP 3333: servers must not supply strings with other characters; safety: no input of a client causes an error."""
    try:
        environ = environ_from_scope(scope_of(**scope))
    except BadRequest:
        return
    for key, value in environ.items():
        assert type(value) is str, key
        value.encode("latin-1")
        key.encode("latin-1")
    assert environ["SCRIPT_NAME"] != "/"
    assert environ["SCRIPT_NAME"] or environ["PATH_INFO"]


def carried(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers with one value per name."""
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        lower = name.lower()
        joiner = b"; " if lower == b"cookie" else b","
        joined[lower] = joined[lower] + joiner + value if lower in joined else value
    return joined


@given(
    method=st.sampled_from(["GET", "POST", "PROPFIND"]),
    http_version=st.sampled_from(["1.0", "1.1", "2", "3"]),
    scheme=st.sampled_from(["http", "https"]),
    path=PATHS,
    root=ROOTS,
    query_string=st.binary(max_size=8),
    headers=HEADERS,
    client=st.one_of(st.none(), st.tuples(st.just("192.0.2.7"), st.integers(1, 65535))),
    server=st.tuples(st.sampled_from(["example.org", "::1", "192.0.2.1"]), st.integers(1, 65535)),
)
def test_a_scope_is_unchanged_after_a_round_trip(path: bytes, root: list[str], **scope: Any) -> None:
    """ASGI, WSGI Compatibility: the same information in other types, both ways."""
    dropped = {b"proxy", b"content-length", b"transfer-encoding", b"content-type"}
    scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in dropped]
    root_path = "".join(f"/{segment}" for segment in root)
    whole = root_path.encode() + path
    raw_path = quote_from_bytes(whole).encode()
    there = scope_of(path=whole.decode("utf-8", "replace"), raw_path=raw_path, root_path=root_path, **scope)
    back = scope_from_environ({**environ_from_scope(there), "wsgi.url_scheme": scope["scheme"]})
    for key in ("method", "http_version", "scheme", "path", "query_string", "root_path", "client", "server"):
        assert back[key] == there[key], key
    assert unquote_to_bytes(back["raw_path"]) == whole
    assert dict(back["headers"]) == carried(scope["headers"])


LATIN = st.text(st.characters(max_codepoint=255), max_size=8)


@given(
    script_name=ROOTS.map(lambda root: "".join(f"/{segment}" for segment in root).encode().decode("latin-1")),
    path_info=PATHS.map(lambda path: path.decode("latin-1")),
    query=LATIN,
    variables=st.dictionaries(st.text("ABCXYZ0123456789_", min_size=1, max_size=6), LATIN, max_size=4),
)
def test_an_environ_is_unchanged_after_a_round_trip(
    script_name: str, path_info: str, query: str, variables: dict[str, str]
) -> None:
    """PEP 3333 and RFC 3875: an app gets the same request behind two adapters."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path_info,
        "QUERY_STRING": query,
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "https",
        **{f"HTTP_X_{key}": value for key, value in variables.items()},
    }
    back = environ_from_scope(scope_from_environ(environ))
    environ.pop("wsgi.url_scheme")
    for key, value in environ.items():
        assert back[key] == value, key
    assert {key for key in back if key.startswith("HTTP_")} == {key for key in environ if key.startswith("HTTP_")}


@given(st.dictionaries(st.text(max_size=6).map(lambda key: f"HTTP_{key}"), st.text(max_size=6), max_size=3), st.data())
def test_any_environ_can_be_converted(headers: dict[str, str], data: st.DataObject) -> None:
    """Safety: environs of servers may contain any text, and required keys may be missing."""
    known = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR"]
    known += ["REMOTE_PORT", "CONTENT_LENGTH", "CONTENT_TYPE", "REQUEST_URI", "RAW_URI", "SERVER_PROTOCOL", "HTTPS"]
    environ = data.draw(st.dictionaries(st.sampled_from(known), st.text(max_size=6)))
    scope = scope_from_environ({**environ, **headers})
    assert type(scope["path"]) is type(scope["root_path"]) is type(scope["method"]) is str
    assert type(scope["raw_path"]) is type(scope["query_string"]) is bytes
    for name, value in scope["headers"]:
        assert type(name) is type(value) is bytes
        assert name == name.lower()


@pytest.mark.parametrize(
    ("environ", "key", "value"),
    [
        ({}, "path", "/"),
        ({"PATH_INFO": "/caf\xc3\xa9"}, "path", "/café"),
        ({"PATH_INFO": "/caf\xe9"}, "path", "/caf\ufffd"),
        ({"PATH_INFO": "/caf\xe9"}, "raw_path", b"/caf%E9"),
        ({"PATH_INFO": "/a/b", "REQUEST_URI": "/a%2Fb?q"}, "raw_path", b"/a%2Fb"),
        ({"PATH_INFO": "/a/b", "RAW_PATH_INFO": "/a%2Fb"}, "raw_path", b"/a%2Fb"),  # eventlet
        ({"PATH_INFO": "/a/b", "REQUEST_URI": "http://example.org/a%2Fb?q"}, "raw_path", b"/a%2Fb"),
        ({"PATH_INFO": "/rewritten", "REQUEST_URI": "/original"}, "raw_path", b"/rewritten"),
        ({"PATH_INFO": "/a%2Fb", "REQUEST_URI": "/a%2fb"}, "raw_path", b"/a%2fb"),  # cheroot leaves %2F quoted
        ({"PATH_INFO": "/a%2Fb", "REQUEST_URI": "/a%2fb"}, "path", "/a/b"),
        ({"PATH_INFO": "/%2F%2Fb", "REQUEST_URI": "/%252F%2Fb"}, "path", "/%2F/b"),
        ({"PATH_INFO": "/a%2Fb", "REQUEST_URI": "/a%252Fb"}, "path", "/a%2Fb"),
        ({"PATH_INFO": "/a%2Fb"}, "raw_path", b"/a%252Fb"),
        ({"PATH_INFO": "/\xef\xbf\xbd", "REQUEST_URI": "/%FF"}, "raw_path", b"/%FF"),  # werkzeug replaces bytes
        ({"SCRIPT_NAME": "/app", "PATH_INFO": ""}, "path", "/app"),
        ({"SCRIPT_NAME": "/app", "PATH_INFO": "/x"}, "path", "/app/x"),
        ({"SCRIPT_NAME": "/app"}, "root_path", "/app"),
        ({"REQUEST_METHOD": "get"}, "method", "GET"),
        ({"SERVER_PROTOCOL": "HTTP/2.0"}, "http_version", "2"),
        ({"HTTPS": "on"}, "scheme", "https"),
        ({"REMOTE_ADDR": "192.0.2.7"}, "client", ("192.0.2.7", 0)),
        ({"REMOTE_ADDR": ""}, "client", None),
        ({"SERVER_NAME": "[::1]", "SERVER_PORT": "80"}, "server", ("::1", 80)),
        ({"SERVER_NAME": "x", "SERVER_PORT": ""}, "server", ("x", None)),
        ({"SERVER_NAME": "waitress.invalid", "HTTP_HOST": "[::1]:80", "SERVER_PORT": "80"}, "server", ("::1", 80)),
        ({"SERVER_NAME": "waitress.invalid", "HTTP_HOST": "a/b", "SERVER_PORT": "80"}, "server", ("localhost", 80)),
        ({"SERVER_NAME": "cheroot/11.1.2", "HTTP_HOST": "a:8", "SERVER_PORT": "80"}, "server", ("a", 80)),
        ({"CONTENT_LENGTH": "", "CONTENT_TYPE": ""}, "headers", []),
        ({"CONTENT_LENGTH": "5", "HTTP_X_A": ""}, "headers", [(b"content-length", b"5"), (b"x-a", b"")]),
        ({"HTTP_CONTENT_LENGTH": "99"}, "headers", []),
        ({"QUERY_STRING": "a=\xff"}, "query_string", b"a=\xff"),
    ],
)
def test_an_environ_becomes_a_scope(environ: dict[str, str], key: str, value: Any) -> None:
    """ASGI, WSGI Compatibility, in the other direction."""
    assert scope_from_environ(environ)[key] == value


def test_a_path_without_raw_path_is_quoted_for_the_target() -> None:
    """RFC 3986, 2.1: a request target contains no space and no byte above 7F."""
    assert environ_from_scope(scope_of(path="/a b/ü?"))["REQUEST_URI"] == quote("/a b/ü?")


def test_a_transfer_coding_overrides_the_length() -> None:
    """RFC 9112, 6.3: Transfer-Encoding overrides the Content-Length."""
    headers = [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    assert not {"CONTENT_LENGTH", "transfer-encoding", "HTTP_TRANSFER_ENCODING"} & environ_from_scope(scope).keys()


@pytest.mark.parametrize("path_info", ["*", "/*"])
def test_a_target_in_asterisk_form_is_unchanged(path_info: str) -> None:
    """RFC 9112, 3.2.4: ASGI and WSGI servers pass the "*" on, but cheroot adds a slash to PATH_INFO."""
    environ = environ_from_scope(scope_of(method="OPTIONS", path="*", raw_path=b"*"))
    assert [environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "REQUEST_URI")] == ["", "*", "*"]
    scope = scope_from_environ({**environ, "PATH_INFO": path_info})
    assert (scope["path"], scope["raw_path"]) == ("*", b"*")


def test_a_target_in_absolute_form_has_a_path() -> None:
    """RFC 9112, 3.2.2: every server accepts the absolute form, and some pass it on unchanged."""
    scope = scope_of(path="http://a.example/b c", raw_path=b"http://a.example/b%20c", query_string=b"d")
    environ = environ_from_scope(scope)
    assert [environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "REQUEST_URI")] == ["", "/b c", "/b%20c?d"]
