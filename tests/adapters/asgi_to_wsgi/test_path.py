"""path, raw_path, root_path and query_string: the target of a request (ASGI HTTP 2.5; PEP 3333, "Unicode Issues")."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from .apps import Scope


def raw_path(scope: Scope) -> bytes:
    """Return the scope's raw_path, after a check of its type; raw_path is optional."""
    raw = scope.get("raw_path")
    if raw is None:
        pytest.skip("raw_path is optional")
    assert type(raw) is bytes
    return raw


def test_the_path_is_decoded_from_utf_8(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": path is decoded; PEP 3333, "Unicode Issues": PATH_INFO is bytes as latin-1."""
    assert seen(path="/caf\xc3\xa9/\xe2\x82\xac")["path"] == "/café/€"


def test_a_path_that_is_not_utf_8_reaches_the_app(seen: Any) -> None:
    """Safety: the client chooses these bytes, so they must not cause a server error; raw_path has them unchanged."""
    scope = seen(path="/\xff\xfe")
    assert scope["path"].startswith("/")
    assert isinstance(scope["path"], str)
    assert scope.get("raw_path") is None or unquote_to_bytes(scope["raw_path"]) == b"/\xff\xfe"


def test_the_path_starts_with_the_root_path(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": path holds the whole path, root_path the part of it where the app is mounted."""
    scope = seen(SCRIPT_NAME="/shop", path="/cart")
    assert (scope["root_path"], scope["path"]) == ("/shop", "/shop/cart")


def test_root_path_is_decoded_like_path(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": root_path is Unicode, the same as SCRIPT_NAME."""
    scope = seen(SCRIPT_NAME="/caf\xc3\xa9", path="/x")
    assert (scope["root_path"], scope["path"]) == ("/café", "/café/x")


def test_an_app_at_the_root_has_an_empty_root_path(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": root_path defaults to ""; PEP 3333 lets servers leave an empty SCRIPT_NAME out."""
    assert seen()["root_path"] == ""
    assert seen(SCRIPT_NAME=None)["root_path"] == ""


def test_the_path_of_the_mount_point_is_the_root_path(seen: Any) -> None:
    """PEP 3333: PATH_INFO may be empty when the URL targets the application's root without a trailing slash."""
    assert seen(SCRIPT_NAME="/shop", path="")["path"] == "/shop"


def test_an_empty_path_at_the_root_is_a_slash(seen: Any) -> None:
    """RFC 9112, 3.2.1: the origin-form of an empty path is "/"."""
    assert seen(path="")["path"] == "/"
    assert seen(PATH_INFO=None)["path"] == "/"


@pytest.mark.parametrize("key", ["REQUEST_URI", "RAW_URI"])
def test_raw_path_is_the_target_as_it_was_sent(seen: Any, key: str) -> None:
    """ASGI HTTP, "Connection Scope": raw_path is unmodified from the bytes received, without the query string."""
    scope = seen(path="/a/b c", QUERY_STRING="q=/?", **{key: "/a%2Fb%20c?q=/?"})
    assert raw_path(scope) == b"/a%2Fb%20c"
    assert scope["path"] == "/a/b c"


def test_raw_path_does_not_include_scheme_and_host_of_an_absolute_target(seen: Any) -> None:
    """RFC 9112, 3.2.2: a target may be a complete URI; raw_path is its path."""
    assert raw_path(seen(path="/a b", REQUEST_URI="http://example.test:8080/a%20b?x=1")) == b"/a%20b"


def test_raw_path_includes_the_root_path(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": raw_path is the whole path of the request."""
    assert raw_path(seen(SCRIPT_NAME="/shop", path="/a b", REQUEST_URI="/shop/a%20b")) == b"/shop/a%20b"


@pytest.mark.parametrize("path", ["/plain", "/a b", "/caf\xc3\xa9", "/100%", "/q?x", "/a;b=c,d", "/h#x"])
def test_without_the_raw_target_raw_path_is_the_quoted_path(seen: Any, path: str) -> None:
    """Ours: if the server passes no target, raw_path is a possible target for this path."""
    raw = seen(path=path)["raw_path"]
    assert type(raw) is bytes
    assert unquote_to_bytes(raw) == path.encode("latin-1")
    assert b"?" not in raw
    assert b"#" not in raw
    assert b" " not in raw
    assert raw.isascii()


@pytest.mark.parametrize("query", ["", "a=1&b=%20+", "x=caf\xc3\xa9", "\xff"])
def test_the_query_string_is_bytes_as_they_were_sent(seen: Any, query: str) -> None:
    """ASGI HTTP, "Connection Scope": query_string is a byte string, not decoded."""
    assert seen(QUERY_STRING=query)["query_string"] == query.encode("latin-1")


def test_a_missing_query_string_is_empty(seen: Any) -> None:
    """PEP 3333: QUERY_STRING may be empty or absent."""
    assert seen(QUERY_STRING=None)["query_string"] == b""
