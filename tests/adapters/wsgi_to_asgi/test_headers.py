"""Request headers as HTTP_ variables: PEP 3333; RFC 3875, 4.1.18; RFC 9110, 5.3 and 8.6; RFC 6265."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.wsgi_to_asgi.apps import Capturing, Environ
from tests.adapters.wsgi_to_asgi.serving import Serve
from tests.adapters.wsgi_to_asgi.test_environ import environ_of


def with_headers(serve: Serve, *headers: tuple[bytes, bytes], **request: Any) -> Environ:
    return environ_of(serve, headers=headers, **request)


def test_headers_become_http_variables(serve: Serve) -> None:
    """PEP 3333: HTTP_ variables correspond to the client-supplied headers."""
    environ = with_headers(serve, (b"host", b"example.org"), (b"accept-language", b"de, en;q=0.5"))
    assert (environ["HTTP_HOST"], environ["HTTP_ACCEPT_LANGUAGE"]) == ("example.org", "de, en;q=0.5")


def test_content_type_and_length_have_no_http_prefix(serve: Serve) -> None:
    """RFC 3875, 4.1.2 and 4.1.3: CONTENT_LENGTH and CONTENT_TYPE; 4.1.18: not again as HTTP_ variables."""
    environ = with_headers(
        serve, (b"content-type", b"text/plain"), (b"content-length", b"2"), method="POST", body=b"hi"
    )
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "2")
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & environ.keys()


def test_header_names_may_have_any_case(serve: Serve) -> None:
    """Ours: a server may pass names on unchanged, although ASGI requires lower case."""
    environ = with_headers(
        serve, (b"Content-Type", b"text/plain"), (b"CONTENT-LENGTH", b"2"), (b"X-Up", b"1"), method="POST", body=b"hi"
    )
    assert (environ.get("CONTENT_TYPE"), environ.get("CONTENT_LENGTH"), environ["HTTP_X_UP"]) == (
        "text/plain",
        "2",
        "1",
    )
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & environ.keys()


@pytest.mark.parametrize("pairs", [[[b"x-one", b"1"], [b"x-two", b"2"]], ((b"x-one", b"1"), (b"x-two", b"2"))])
def test_headers_may_be_any_iterable_of_pairs(serve: Serve, pairs: Any) -> None:
    """ASGI: headers is an iterable of [name, value] two-item iterables."""
    environ = environ_of(serve, headers=pairs)
    assert (environ["HTTP_X_ONE"], environ["HTTP_X_TWO"]) == ("1", "2")


def test_repeated_headers_are_joined_by_commas_in_order(serve: Serve) -> None:
    """RFC 9110, 5.3: repeated fields equal one field with the values, in order, separated by commas."""
    environ = with_headers(serve, (b"accept", b"a"), (b"x-other", b"0"), (b"accept", b"b"), (b"accept", b"c"))
    assert [value.strip() for value in environ["HTTP_ACCEPT"].split(",")] == ["a", "b", "c"]


def test_split_cookies_are_joined_by_semicolons(serve: Serve) -> None:
    """RFC 9113, 8.2.3: split Cookie fields must be joined by "; " before they reach a non-HTTP/2 context."""
    assert with_headers(serve, (b"cookie", b"a=1"), (b"cookie", b"b=2"))["HTTP_COOKIE"] == "a=1; b=2"


def test_many_repeated_headers_are_not_an_error(serve: Serve) -> None:
    """RFC 9110, 5.3: only the server limits the number of repetitions."""
    environ = with_headers(serve, *[(b"x-forwarded-for", b"192.0.2.%d" % (n % 256)) for n in range(300)])
    assert environ["HTTP_X_FORWARDED_FOR"].count("192.0.2.") == 300


def test_header_bytes_above_7f_appear_as_latin_1(serve: Serve) -> None:
    """PEP 3333: strings are bytes as latin-1."""
    assert with_headers(serve, (b"x-name", b"\xc3\xbc\xff"))["HTTP_X_NAME"] == "\xc3\xbc\xff"


def test_names_with_underscores_are_dropped(serve: Serve) -> None:
    """Safety: x_forwarded_for and x-forwarded-for become the same variable, so a client could spoof one by the
    other.
    """
    environ = with_headers(
        serve, (b"x-forwarded-for", b"192.0.2.1"), (b"x_forwarded_for", b"spoof"), (b"x_user", b"root")
    )
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert "HTTP_X_USER" not in environ


def test_underscores_cannot_spoof_content_length(serve: Serve) -> None:
    """Safety: content_length must not be treated as Content-Length."""
    environ = with_headers(serve, (b"content-length", b"2"), (b"content_length", b"99"), method="POST", body=b"hi")
    assert environ["CONTENT_LENGTH"] == "2"
    assert "HTTP_CONTENT_LENGTH" not in environ


@pytest.mark.parametrize("name", [b"proxy", b"Proxy"])
def test_the_proxy_header_is_dropped(serve: Serve, name: bytes) -> None:
    """Safety (httpoxy): HTTP_PROXY redirects outgoing requests of many programs, so a client must not set it."""
    assert "HTTP_PROXY" not in with_headers(serve, (name, b"http://evil.example"))


def test_transfer_encoding_is_not_passed_on(serve: Serve) -> None:
    """RFC 3875, 4.2: the server removes transfer codings; with a header that names them, apps would decode twice."""
    environ = with_headers(serve, (b"transfer-encoding", b"chunked"), method="POST", body=b"hi")
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("headers", [[(b"content-length", b"2")] * 2, [(b"content-length", b"2, 2")]])
def test_equal_repeated_content_lengths_collapse(serve: Serve, headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 9110, 8.6: a recipient may replace a list of equal values by the one value."""
    assert with_headers(serve, *headers, method="POST", body=b"hi")["CONTENT_LENGTH"] == "2"


@pytest.mark.parametrize(
    "values", [(b"2", b"3"), (b"2, 3",), (b"two",), (b"-1",), (b"+2",), (b"2_0",), ("２".encode(),), (b"9" * 5000,)]
)
def test_invalid_or_different_content_lengths_are_a_400(serve: Serve, values: tuple[bytes, ...]) -> None:
    """RFC 9110, 8.6; RFC 9112, 6.3: an invalid Content-Length, or unequal ones, must be treated as an error."""
    app = Capturing()
    exchange = serve(app, "POST", headers=[(b"content-length", value) for value in values], body=b"hi")
    assert exchange.response().status == 400
    assert app.calls == 0


def test_the_authorization_header_is_passed_on(serve: Serve) -> None:
    """PEP 3333: the presence of these variables should correspond with the presence of the header."""
    assert with_headers(serve, (b"authorization", b"Basic eHk="))["HTTP_AUTHORIZATION"] == "Basic eHk="
