"""SCRIPT_NAME and PATH_INFO: PEP 3333, "environ Variables", "Unicode Issues"; ASGI HTTP, "Connection Scope"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.wsgi_to_asgi.apps import Environ
from tests.adapters.wsgi_to_asgi.serving import Serve
from tests.adapters.wsgi_to_asgi.test_environ import environ_of


def names(serve: Serve, path: str, root_path: str, **scope: Any) -> tuple[str, str]:
    """SCRIPT_NAME and PATH_INFO."""
    environ: Environ = environ_of(serve, path=path, root_path=root_path, **scope)
    return environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")


def test_path_info_is_the_path(serve: Serve) -> None:
    """PEP 3333: PATH_INFO is the remainder of the path, the target's location within the application."""
    assert names(serve, "/a/b", "") == ("", "/a/b")


def test_a_path_outside_ascii_appears_as_its_utf_8_bytes(serve: Serve) -> None:
    """PEP 3333: strings contain bytes as latin-1; the path's bytes are UTF-8."""
    assert names(serve, "/ü/☃", "", raw_path=b"/%C3%BC/%E2%98%83") == ("", "/\xc3\xbc/\xe2\x98\x83")


def test_path_bytes_that_are_not_utf_8_are_kept(serve: Serve) -> None:
    """ASGI: raw_path has the original bytes, which `path` cannot represent; PEP 3333 requires the bytes."""
    assert names(serve, "/caf\ufffd", "", raw_path=b"/caf%E9") == ("", "/caf\xe9")


def test_unescaped_path_bytes_are_kept(serve: Serve) -> None:
    """ASGI: raw_path is unmodified from the bytes that were received; clients send bytes above 7F unescaped, too."""
    assert names(serve, "/caf\ufffd", "", raw_path=b"/caf\xe9") == ("", "/caf\xe9")


def test_escaped_surrogates_in_the_path_are_bytes(serve: Serve) -> None:
    """PEP 383: with surrogateescape, a surrogate stands for the byte."""
    assert names(serve, "/caf\udce9", "", raw_path=None) == ("", "/caf\xe9")


def test_a_path_with_a_lone_surrogate_does_not_fail(serve: Serve) -> None:
    """Safety: no path that a client can send causes an error in the adapter."""
    names(serve, "/\ud800", "", raw_path=None)


def test_a_path_rewritten_by_middleware_takes_precedence_over_raw_path(serve: Serve) -> None:
    """ASGI: `path` is the path; middleware that rewrites it does not know raw_path."""
    assert names(serve, "/after/ü", "", raw_path=b"/before/%E9") == ("", "/after/\xc3\xbc")


@pytest.mark.parametrize("raw", [None, b""])
def test_without_a_raw_path_the_path_is_used(serve: Serve, raw: bytes | None) -> None:
    """ASGI: raw_path is optional; if missing it defaults to None."""
    assert names(serve, "/ü", "", raw_path=raw) == ("", "/\xc3\xbc")


def test_an_empty_path_is_the_root(serve: Serve) -> None:
    """PEP 3333 (wsgiref.validate): one of SCRIPT_NAME and PATH_INFO is not empty."""
    assert names(serve, "", "") == ("", "/")


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        ("/app/x", "/app", ("/app", "/x")),
        ("/app/", "/app", ("/app", "/")),
        ("/a/b/x", "/a/b", ("/a/b", "/x")),
        ("/app/app/x", "/app", ("/app", "/app/x")),
    ],
)
def test_root_path_becomes_script_name(serve: Serve, path: str, root_path: str, expected: tuple[str, str]) -> None:
    """ASGI: SCRIPT_NAME is root_path; PATH_INFO is derived from path and root_path."""
    assert names(serve, path, root_path) == expected


def test_root_path_is_cut_at_a_segment_boundary_only(serve: Serve) -> None:
    """PEP 3333: SCRIPT_NAME is the initial portion of the path that belongs to the application: /app is not a prefix of
    /apple.
    """
    assert names(serve, "/apple", "/app") == ("/app", "/apple")


def test_a_path_without_the_root_path_is_used_unchanged(serve: Serve) -> None:
    """ASGI before 2.5: servers behind a proxy that strips the prefix set root_path, and path does not include it."""
    assert names(serve, "/x", "/app") == ("/app", "/x")


def test_the_application_root_without_a_slash_has_an_empty_path_info(serve: Serve) -> None:
    """PEP 3333: PATH_INFO may be empty, if the URL targets the application root without a trailing slash."""
    assert names(serve, "/app", "/app") == ("/app", "")


def test_script_name_has_no_trailing_slash(serve: Serve) -> None:
    """RFC 3875, 4.1.13: SCRIPT_NAME and PATH_INFO together are the path, and PATH_INFO starts with the slash."""
    assert names(serve, "/app/x", "/app/") == ("/app", "/x")


def test_script_name_is_never_a_slash_alone(serve: Serve) -> None:
    """PEP 3333 (wsgiref.validate): SCRIPT_NAME cannot be "/"; it should be "" and PATH_INFO "/"."""
    assert names(serve, "/x", "/") == ("", "/x")


def test_root_path_outside_ascii_is_cut_as_bytes(serve: Serve) -> None:
    """PEP 3333: strings contain bytes as latin-1."""
    assert names(serve, "/ü/☃", "/ü") == ("/\xc3\xbc", "/\xe2\x98\x83")


def test_root_path_is_cut_from_the_original_bytes(serve: Serve) -> None:
    """ASGI: raw_path includes the root path if path does."""
    assert names(serve, "/ü/caf\ufffd", "/ü", raw_path=b"/%C3%BC/caf%E9") == ("/\xc3\xbc", "/caf\xe9")


def test_an_escaped_slash_is_visible_in_the_raw_target(serve: Serve) -> None:
    """Ours: RAW_URI and REQUEST_URI contain the undecoded target; in PATH_INFO, %2F and / look the same."""
    environ = environ_of(serve, path="/a/b/c", raw_path=b"/a%2Fb/c", query_string=b"q=%20")
    assert environ["PATH_INFO"] == "/a/b/c"
    assert environ.get("RAW_URI") == environ.get("REQUEST_URI") == "/a%2Fb/c?q=%20"


def test_the_raw_target_is_quoted_if_the_server_gives_no_raw_path(serve: Serve) -> None:
    """Ours: REQUEST_URI contains no space and no byte above 7F (RFC 3986, 2.1), for every scope."""
    environ = environ_of(serve, path="/app/a b/ü", root_path="/app", raw_path=None)
    assert environ.get("REQUEST_URI") == "/app/a%20b/%C3%BC"


def test_the_raw_target_has_no_question_mark_without_a_query(serve: Serve) -> None:
    """Ours: without a query, RAW_URI ends with the path (RFC 3986, 3.4)."""
    assert environ_of(serve, path="/x").get("RAW_URI") == "/x"
