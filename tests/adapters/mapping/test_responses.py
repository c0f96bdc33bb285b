"""Response headers in three notations: examples of invalid headers, and properties for arbitrary text and bytes."""

from __future__ import annotations

import contextlib
import email
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateways.adapters.errors import AppProtocolError
from gateways.adapters.mapping.responses import (
    HOP_BY_HOP,
    has_body,
    head_from_asgi,
    head_from_wsgi,
    head_to_cgi,
    reason,
    status_line,
)

SPLITTERS = set(b"\r\n\0")
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=12).filter(
    lambda name: name.lower().encode() not in HOP_BY_HOP and name.lower() != "content-length"
)
CONTROLS = "".join(map(chr, [*range(32), 127])).replace("\t", "")
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters=CONTROLS), max_size=12)
ANYTHING = st.one_of(
    st.none(), st.integers(), st.binary(max_size=4), st.text(max_size=4), st.lists(st.text(max_size=2))
)


@given(st.integers(200, 999), st.lists(st.tuples(TOKENS, VALUES), max_size=6))
def test_response_headers_are_unchanged_after_a_round_trip(status: int, headers: list[tuple[str, str]]) -> None:
    """ASGI, WSGI Compatibility: status and headers map similarly; only case and surrounding blanks are lost."""
    head = head_from_wsgi(status_line(status), headers)
    line, back, length = head_from_asgi(head.status, head.headers)
    assert (line, length) == (status_line(status), None)
    assert back == [(name.lower(), value.strip(" \t")) for name, value in headers]


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4))
@example([("X-A", "1\r\n")])
@example([("X-A", "\n1")])
@example([("X-A\n", "1")])
@example([("X-A", "1\x85\u2028")])
def test_no_text_can_split_a_response(headers: list[tuple[str, str]]) -> None:
    """RFC 9112, 11.1: response splitting; accepted headers contain no CR, LF or NUL, and names are tokens."""
    with contextlib.suppress(AppProtocolError):
        for name, value in head_from_wsgi("200 OK", headers).headers:
            assert not SPLITTERS & {*name, *value}
            assert name == name.lower()
            assert name.isascii()
            assert not set(name) & set(b' ()<>@,;:\\"/[]?={}\t\x7f')


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4))
def test_no_bytes_can_split_a_response(headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 9112, 11.1: response splitting, from the other side."""
    with contextlib.suppress(AppProtocolError):
        for name, value in head_from_asgi(200, headers)[1]:
            assert not SPLITTERS & {*name.encode("latin-1"), *value.encode("latin-1")}


@given(st.one_of(st.text(max_size=8), st.from_regex(r"[0-9]{1,4} ?.{0,3}")))
@example("200 OK\n")
@example("２００ OK")
def test_a_status_without_three_digits_is_refused(status: str) -> None:
    """PEP 3333: a Status-Code and a Reason-Phrase, separated by a single space."""
    with contextlib.suppress(AppProtocolError):
        head = head_from_wsgi(status, [])
        assert status[:3] == str(head.status)
        assert status[3:4] in ("", " ")
        assert not SPLITTERS & {*status.encode("utf-8")}


@given(ANYTHING, st.one_of(st.lists(ANYTHING, max_size=2), st.lists(st.tuples(ANYTHING, ANYTHING), max_size=2)))
def test_any_argument_is_accepted_or_raises_a_protocol_error(status: Any, headers: Any) -> None:
    """PEP 3333: errors in the headers are raised while the app is running, as one class, with the reason."""
    for convert in (head_from_wsgi, head_from_asgi):
        with contextlib.suppress(AppProtocolError):
            convert(status, headers)


@pytest.mark.parametrize("name", sorted(name.decode() for name in HOP_BY_HOP))
def test_hop_by_hop_headers_are_dropped(name: str) -> None:
    """RFC 9110, 7.6.1; PEP 3333: hop-by-hop headers are dropped, and the names of those from a WSGI app are
    returned.
    """
    dropped: list[str] = []
    for _ in range(2):  # the second time from the cache
        head = head_from_wsgi("200 OK", [(name.title(), "x"), ("X-A", "1")], dropped.append)
        assert head.headers == [(b"x-a", b"1")]
    assert dropped == [name.title()] * 2
    assert head_from_asgi(200, [(name.encode(), b"x"), (b"x-a", b"1")])[1] == [("x-a", "1")]


@pytest.mark.parametrize(
    ("values", "length"), [([], None), (["5"], 5), (["5", "5"], 5), (["0"], 0), (["007"], 7), ([" 5 "], 5)]
)
def test_equal_content_lengths_become_one_number(values: list[str], length: int | None) -> None:
    """RFC 9110, 8.6: one decimal number."""
    head = head_from_wsgi("200 OK", [("Content-Length", value) for value in values])
    assert head.length == length
    assert len(head.headers) == min(len(values), 1)
    assert head_from_asgi(200, [(b"content-length", value.encode()) for value in values])[2] == length


@pytest.mark.parametrize(
    "values", [["5", "6"], ["five"], ["-5"], ["+5"], ["5.0"], [""], ["5,5"], ["5_0"], ["9" * 5000]]
)
def test_an_invalid_content_length_is_refused(values: list[str]) -> None:
    """RFC 9110, 8.6: one decimal number; more digits than any file system supports are invalid."""
    with pytest.raises(AppProtocolError, match="Content-Length"):
        head_from_wsgi("200 OK", [("Content-Length", value) for value in values])
    with pytest.raises(AppProtocolError, match="Content-Length"):
        head_from_asgi(200, [(b"content-length", value.encode()) for value in values])


@pytest.mark.parametrize("status", [199, 1000, 0, -200, True, 200.0, "200", None])
def test_a_status_of_asgi_is_an_int_of_three_digits(status: Any) -> None:
    """ASGI: status is an int; 1xx are not final responses (RFC 9110, 15.2)."""
    with pytest.raises(AppProtocolError, match=r"status .*; expected an int from 200 to 999"):
        head_from_asgi(status, [])


@pytest.mark.parametrize("status", HTTPStatus)
def test_reason_phrases_are_those_of_the_registry(status: HTTPStatus) -> None:
    """RFC 9110, 15; an unregistered status still has a status line."""
    assert status_line(status.value) == f"{status.value} {status.phrase}"
    assert reason(799) == "Unknown"


@pytest.mark.parametrize(("status", "content"), [(200, True), (204, False), (304, False), (205, True), (404, True)])
def test_some_statuses_have_no_body(status: int, content: bool) -> None:
    """RFC 9110, 6.4.1: 1xx, 204 and 304 have no content."""
    assert has_body(status) is content


@given(st.integers(200, 999), st.lists(st.tuples(TOKENS, VALUES), max_size=4))
def test_response_headers_for_cgi_can_be_parsed_as_a_message(status: int, headers: list[tuple[str, str]]) -> None:
    """RFC 3875, 6.2 and 6.3: one header field per line, one of them Status, and an empty line."""
    checked = head_from_asgi(*_raw(head_from_wsgi(status_line(status), headers)))
    text = head_to_cgi(checked[0], checked[1])
    assert text.endswith(b"\r\n\r\n")
    lines = text[:-4].split(b"\r\n")
    assert lines[0] == f"Status: {status_line(status)}".encode()
    assert [line.split(b": ", 1)[0].decode() for line in lines[1:]] == [name for name, _ in checked[1]]
    assert email.message_from_bytes(text).get("Status") == status_line(status)


def _raw(head: Any) -> tuple[int, list[tuple[bytes, bytes]]]:
    return head.status, head.headers
