"""The environ: PEP 3333, "environ Variables"; RFC 3875, section 4.1; ASGI HTTP, "WSGI Compatibility"."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse
from wsgiref.util import request_uri
from wsgiref.validate import validator

import pytest

from tests.adapters.wsgi_to_asgi.apps import Capturing, Environ, hello
from tests.adapters.wsgi_to_asgi.serving import Serve


def environ_of(serve: Serve, *request: Any, **more: Any) -> Environ:
    """Return the environ of a request."""
    app = Capturing()
    serve(app, *request, **more).response()
    return app.environ


def test_environ_is_a_builtin_dictionary(serve: Serve) -> None:
    """PEP 3333: the environ must be a builtin dict, not a subclass."""
    types = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        types.append(type(environ))
        return hello(environ, start_response)

    serve(app).response()
    assert types == [dict]


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b"field=value"), ("HEAD", b"")])
def test_a_validator_between_app_and_adapter_finds_no_fault(serve: Serve, method: str, body: bytes) -> None:
    """PEP 3333: wsgiref.validate, which checks what a server must do, passes."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        read = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(read) + 1))])
        return [read + b"!"] if environ["REQUEST_METHOD"] != "HEAD" else []

    response = serve(validator(app), method, "/a/b", body=body).response()
    assert response.body == (body + b"!" if method != "HEAD" else b"")


def test_every_string_contains_only_latin_1_characters(serve: Serve) -> None:
    """PEP 3333: strings contain only code points representable in ISO-8859-1, and every CGI variable is a str."""
    environ = environ_of(
        serve,
        path="/☃/ü",
        query_string=b"q=\xff",
        root_path="/☃",
        headers=[(b"x-note", "☃".encode()), (b"host", b"\xfc")],
    )
    for key, value in environ.items():
        if "." not in key:
            assert type(value) is str, key
            value.encode("latin-1")


def test_each_request_has_its_own_environ(serve: Serve) -> None:
    """PEP 3333: the application may modify the dictionary in any way it desires."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        fresh = "seen" not in environ
        environ.clear()
        environ["seen"] = "yes"
        start_response("200 OK", [])
        return [b"fresh" if fresh else b"stale"]

    assert [serve(app).response().body for _ in range(2)] == [b"fresh", b"fresh"]


@pytest.mark.parametrize("method", ["GET", "POST", "PROPFIND"])
def test_request_method_is_the_method(serve: Serve, method: str) -> None:
    """ASGI: REQUEST_METHOD is the method key."""
    assert environ_of(serve, method)["REQUEST_METHOD"] == method


@pytest.mark.parametrize(
    ("version", "protocol"), [("1.0", ("HTTP/1.0",)), ("1.1", ("HTTP/1.1",)), ("2", ("HTTP/2", "HTTP/2.0"))]
)
def test_server_protocol_is_the_http_version(serve: Serve, version: str, protocol: tuple[str, ...]) -> None:
    """PEP 3333: SERVER_PROTOCOL is the version of the protocol the client used."""
    assert environ_of(serve, http_version=version)["SERVER_PROTOCOL"] in protocol


def test_query_string_is_the_query(serve: Serve) -> None:
    """PEP 3333: QUERY_STRING is what follows the ?, undecoded."""
    assert environ_of(serve, query_string=b"a=1&b=%20+")["QUERY_STRING"] == "a=1&b=%20+"


def test_query_bytes_above_7f_do_not_fail(serve: Serve) -> None:
    """PEP 3333: strings are bytes as latin-1, so any query can be passed on."""
    assert environ_of(serve, query_string=b"q=\xc3\xbc\xff")["QUERY_STRING"] == "q=\xc3\xbc\xff"


def test_url_scheme_is_the_scheme(serve: Serve) -> None:
    """ASGI: wsgi.url_scheme is scheme."""
    assert environ_of(serve, scheme="https")["wsgi.url_scheme"] == "https"


def test_https_is_on_where_tls_is_in_use(serve: Serve) -> None:
    """PEP 3333: if SSL is in use, the server should provide HTTPS=on; else missing variables are left out."""
    assert environ_of(serve, scheme="https").get("HTTPS") == "on"
    assert environ_of(serve, scheme="http").get("HTTPS", "off") == "off"


def test_server_name_and_port_are_the_server(serve: Serve) -> None:
    """ASGI: SERVER_NAME and SERVER_PORT are in server; PEP 3333: every CGI variable is a str."""
    environ = environ_of(serve, server=("192.0.2.1", 8000))
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("192.0.2.1", "8000")


@pytest.mark.parametrize("server", [None, ("/run/app.sock", None), ["/run/app.sock", None]])
@pytest.mark.parametrize("headers", [[], [(b"host", b"example.org")]])
def test_server_port_is_digits_even_behind_a_unix_socket(serve: Serve, server: Any, headers: list[Any]) -> None:
    """PEP 3333: SERVER_NAME and SERVER_PORT are required strings and must never be empty."""
    environ = environ_of(serve, server=server, headers=headers)
    assert environ["SERVER_NAME"]
    assert type(environ["SERVER_PORT"]) is str
    assert environ["SERVER_PORT"].isdecimal()


def test_the_url_of_a_request_over_a_unix_socket_can_be_reconstructed(serve: Serve) -> None:
    """PEP 3333, URL Reconstruction: without a Host header the URL is built from SERVER_NAME and SERVER_PORT."""
    environ = environ_of(serve, path="/x", server=("/run/app.sock", None), scheme="https", headers=[])
    assert request_uri(environ) == "https://localhost/x"


def test_optional_keys_of_the_scope_may_be_missing(serve: Serve) -> None:
    """ASGI: scheme, raw_path, root_path, client, server, extensions and state are optional."""
    app = Capturing()
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/x",
             "query_string": b"", "headers": []}  # fmt: skip
    exchange = serve.start(serve.adapt(app), scope, events=[{"type": "http.request"}])
    assert exchange.response().body == b"hello"
    assert (app.environ["PATH_INFO"], app.environ["SCRIPT_NAME"]) == ("/x", "")
    assert app.environ["wsgi.url_scheme"] == "http"


def test_optional_keys_of_the_scope_may_have_the_value_none(serve: Serve) -> None:
    """ASGI: optional keys default to None, and some servers set them to None."""
    app = Capturing()
    exchange = serve(app, path="/x", client=None, server=None, raw_path=None, extensions=None, state=None)
    assert exchange.response().body == b"hello"
    assert app.environ["PATH_INFO"] == "/x"


def test_query_and_headers_may_be_missing(serve: Serve) -> None:
    """Ours: a server that omits empty values is supported."""
    app = Capturing()
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/x"}
    exchange = serve.start(serve.adapt(app), scope, events=[{"type": "http.request"}])
    assert exchange.response().body == b"hello"
    assert app.environ.get("QUERY_STRING", "") == ""


def test_remote_address_and_port_are_the_client(serve: Serve) -> None:
    """ASGI: REMOTE_ADDR and REMOTE_PORT are in client."""
    environ = environ_of(serve, client=("192.0.2.7", 50123))
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.7", "50123")


def test_without_a_client_address_there_is_no_remote_addr(serve: Serve) -> None:
    """PEP 3333: missing variables should be left out of the environ."""
    environ = environ_of(serve, client=None)
    assert "None" not in (environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT"))
    assert None not in environ.values()


def test_wsgi_variables_have_their_values(serve: Serve) -> None:
    """PEP 3333: wsgi.version is (1, 0); multithread, multiprocess and run_once are there."""
    environ = environ_of(serve)
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.multithread"]
    assert not environ["wsgi.run_once"]
    assert "wsgi.multiprocess" in environ


def test_the_process_environment_is_not_in_the_environ(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Safety: os.environ is neither visible in the environ nor mistaken for the request's variables."""
    monkeypatch.setenv("CONTRACT_SECRET", "hunter2")
    monkeypatch.setenv("SCRIPT_NAME", "/elsewhere")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    environ = environ_of(serve)
    assert "CONTRACT_SECRET" not in environ
    assert "HTTP_PROXY" not in environ
    assert environ["SCRIPT_NAME"] == ""


def test_errors_stream_is_the_standard_error_stream(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """PEP 3333: wsgi.errors is a text stream for errors, typically the server's log or sys.stderr; never stdout."""
    errors, output = io.StringIO(), io.StringIO()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.errors"].write("a ☃\n")
        environ["wsgi.errors"].writelines(["b\n", "c\n"])
        environ["wsgi.errors"].flush()
        return hello(environ, start_response)

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", errors)
        patch.setattr(sys, "stdout", output)
        serve(app).response()
    assert (errors.getvalue(), output.getvalue()) == ("a ☃\nb\nc\n", "")


def test_the_scope_is_in_the_environ(serve: Serve) -> None:
    """Ours: environ["asgi.scope"] is the scope, for values without a WSGI key."""
    assert environ_of(serve, state={"pool": 1})["asgi.scope"]["state"] == {"pool": 1}


def test_multithread_is_false_with_one_thread(serve: Serve) -> None:
    """PEP 3333: wsgi.multithread is true if another thread may invoke the application simultaneously, else false."""
    assert not environ_of(serve, threads=1)["wsgi.multithread"]
    assert environ_of(serve, threads=2)["wsgi.multithread"]


def test_the_application_is_called_with_two_positional_arguments(serve: Serve) -> None:
    """PEP 3333: the server must invoke the application object using positional arguments."""
    calls = []

    def app(*args: Any, **kwargs: Any) -> Iterable[bytes]:
        calls.append((len(args), kwargs))
        return hello(*args)

    serve(app).response()
    assert calls == [(2, {})]
