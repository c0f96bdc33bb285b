"""The scope of a request (ASGI HTTP 2.5, "HTTP Connection Scope")."""

from __future__ import annotations

from typing import Any

import pytest

from .apps import Receive, Scope, Send, pairs, respond
from .conftest import Bridge
from .harness import fetch
from .request import environ

SPEC_VERSIONS = {"2.0", "2.1", "2.2", "2.3", "2.4", "2.5"}


def test_the_type_is_http(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": type."""
    assert seen()["type"] == "http"


def test_the_scope_is_a_builtin_dict_that_middleware_may_change(seen: Any) -> None:
    """ASGI, "Middleware": a scope is a dict; middleware copies and changes it."""
    scope = seen()
    assert type(scope) is dict
    scope["path"] = "/elsewhere"
    assert all(type(key) is str for key in scope)


def test_the_scope_has_the_versions_of_the_interface(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": asgi["version"], and asgi["spec_version"], which is "2.0" where it is missing."""
    asgi = seen()["asgi"]
    assert asgi["version"] == "3.0"
    assert asgi.get("spec_version", "2.0") in SPEC_VERSIONS


@pytest.mark.parametrize(
    ("protocol", "version"),
    [("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"), ("HTTP/2", "2"), ("HTTP/2.0", "2")],
)
def test_http_version_has_the_notation_of_asgi(seen: Any, protocol: str, version: str) -> None:
    """ASGI HTTP, "Connection Scope": http_version is one of "1.0", "1.1" or "2"; many servers write HTTP/2.0."""
    assert seen(SERVER_PROTOCOL=protocol)["http_version"] == version


@pytest.mark.parametrize("protocol", ["HTTP/3", "HTTP/3.0"])
def test_http_3_has_the_same_notation_as_http_2(seen: Any, protocol: str) -> None:
    """Ours: ASGI does not define version 3 yet; servers with HTTP/3 use "3"."""
    assert seen(SERVER_PROTOCOL=protocol)["http_version"] == "3"


def test_an_unknown_protocol_is_not_an_error(seen: Any) -> None:
    """RFC 3875, 4.1.16: SERVER_PROTOCOL may be "INCLUDED" or an extension; http_version must be one that ASGI
    defines.
    """
    assert seen(SERVER_PROTOCOL="INCLUDED")["http_version"] in ("1.0", "1.1")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PROPFIND"])
def test_the_method_is_passed_on(seen: Any, method: str) -> None:
    """ASGI HTTP, "Connection Scope": method."""
    assert seen(method)["method"] == method


def test_the_method_is_in_upper_case(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": method is uppercased."""
    assert seen("get")["method"] == "GET"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_is_that_of_the_server(seen: Any, scheme: str) -> None:
    """ASGI HTTP, "Connection Scope": scheme; PEP 3333: wsgi.url_scheme."""
    assert seen(wsgi_url_scheme=scheme)["scheme"] == scheme


def test_headers_are_pairs_of_bytes_with_names_in_lower_case(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": headers."""
    headers = pairs(seen(HTTP_X_REQUEST_ID="Seven", HTTP_ACCEPT="*/*")["headers"])
    assert all(type(part) is bytes for pair in headers for part in pair)
    assert (b"x-request-id", b"Seven") in headers
    assert (b"accept", b"*/*") in headers
    assert (b"host", b"example.test:8080") in headers


def test_header_values_keep_their_bytes(seen: Any) -> None:
    """PEP 3333: header text is bytes as latin-1."""
    assert (b"x-name", b"caf\xc3\xa9 \xff") in pairs(seen(HTTP_X_NAME="caf\xc3\xa9 \xff")["headers"])


def test_an_empty_header_is_kept(seen: Any) -> None:
    """RFC 9110, 5.5: a field value may be empty."""
    assert (b"x-empty", b"") in pairs(seen(HTTP_X_EMPTY="")["headers"])


def test_content_type_and_content_length_are_headers(seen: Any) -> None:
    """RFC 3875, 4.1: these two headers have meta-variables without HTTP_."""
    headers = pairs(seen("POST", body=b"12345", CONTENT_TYPE="text/plain")["headers"])
    assert (b"content-type", b"text/plain") in headers
    assert (b"content-length", b"5") in headers


def test_empty_content_type_and_content_length_do_not_become_headers(seen: Any) -> None:
    """PEP 3333: CONTENT_TYPE and CONTENT_LENGTH may be empty or absent; then the client did not send them."""
    names = [name for name, _ in seen(CONTENT_TYPE="", CONTENT_LENGTH="")["headers"]]
    assert b"content-type" not in names
    assert b"content-length" not in names


def test_content_headers_appear_once_even_if_the_server_has_them_twice(seen: Any) -> None:
    """Safety: some servers also set HTTP_CONTENT_TYPE; a repeated Content-Length would allow request smuggling."""
    more = {"CONTENT_TYPE": "text/plain", "HTTP_CONTENT_TYPE": "text/plain", "HTTP_CONTENT_LENGTH": "5"}
    names = [name for name, _ in seen("POST", body=b"12345", **more)["headers"]]
    assert names.count(b"content-type") == names.count(b"content-length") == 1


def test_variables_that_are_not_headers_do_not_become_headers(seen: Any) -> None:
    """RFC 3875, 4.1.18: only HTTP_ variables come from the client."""
    names = {name for name, _ in seen(REMOTE_USER="ann", HTTPS="on", SERVER_SOFTWARE="x/1")["headers"]}
    assert names == {b"host"}


def test_the_client_is_host_and_port(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": client is [host, port], port an integer."""
    assert list(seen()["client"]) == ["192.0.2.7", 50123]
    assert list(seen(REMOTE_ADDR="2001:db8::1")["client"]) == ["2001:db8::1", 50123]
    assert list(seen(REMOTE_PORT=50123)["client"]) == ["192.0.2.7", 50123], "werkzeug's server gives an int"


@pytest.mark.parametrize("port", [None, "", "none"])
def test_a_client_with_an_unknown_port_has_port_0(seen: Any, port: str | None) -> None:
    """Ours: WSGI does not specify REMOTE_PORT; without it, the host must not be lost."""
    assert list(seen(REMOTE_PORT=port)["client"]) == ["192.0.2.7", 0]


@pytest.mark.parametrize("address", [None, ""])
def test_a_client_behind_a_unix_socket_has_no_address(seen: Any, address: str | None) -> None:
    """ASGI HTTP, "Connection Scope": client is optional and defaults to None."""
    assert seen(REMOTE_ADDR=address).get("client") is None


def test_the_server_is_host_and_port(seen: Any) -> None:
    """ASGI HTTP, "Connection Scope": server is [host, port], port an integer."""
    assert list(seen()["server"]) == ["example.test", 8080]


@pytest.mark.parametrize("port", ["", "unix"])
def test_a_server_without_a_port_is_not_an_error(seen: Any, port: str) -> None:
    """ASGI HTTP, "Connection Scope": the port is None for a unix socket; servers put "" into SERVER_PORT there."""
    server = seen(SERVER_PORT=port).get("server")
    assert server is None or list(server) == ["example.test", None]


def test_the_environ_is_in_the_scope(seen: Any) -> None:
    """Ours: values without an ASGI key (e.g. REMOTE_USER) are in scope["wsgi_environ"], as in a2wsgi."""
    given = {"REMOTE_USER": "ann", "mod_wsgi.version": (4, 9)}
    found = seen(**given)["wsgi_environ"]
    assert {key: found[key] for key in given} == given


def test_the_environ_is_not_changed(bridge: Bridge) -> None:
    """Ours: middleware around the adapter owns the environ: the adapter and the app's scope must not change it."""

    async def changes_its_scope(scope: Scope, receive: Receive, send: Send) -> None:
        scope.clear()
        await respond(send)

    given = environ(HTTP_X="1")
    before = dict(given)
    fetch(bridge(changes_its_scope), given)
    assert given == before


def test_each_request_has_its_own_scope(bridge: Bridge) -> None:
    """ASGI HTTP, "Connection Scope": changes by middleware to one scope, its dicts and lists are in no other scope."""
    scopes: list[Scope] = []

    async def marks_its_scope(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append({key: str(value) for key, value in scope.items() if key in ("asgi", "extensions", "mark")})
        scope["mark"] = scope["asgi"]["mark"] = 1
        scope.setdefault("extensions", {})["mark"] = {}
        await respond(send)

    app = bridge(marks_its_scope)
    fetch(app), fetch(app)
    assert scopes[0] == scopes[1]


@pytest.mark.parametrize("offered", [{}, {"wsgi_file_wrapper": iter}], ids=["plain", "file_wrapper"])
def test_only_supported_extensions_are_offered(seen: Any, offered: dict[str, Any]) -> None:
    """ASGI, "Extensions": scope["extensions"] lists supported extensions; no WSGI server supports push or trailers."""
    extensions = seen(**offered).get("extensions") or {}
    assert set(extensions) <= ({"http.response.pathsend"} if offered else set())
