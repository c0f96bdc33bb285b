"""The header parser and the framing of a body: pure, cut at every octet."""

import pytest

from gateways.adapters.errors import AppProtocolError
from gateways.adapters.run_cgi.output import MAX_FIELDS, MAX_HEAD, Answer, CGIHead, HeadParser

OUTPUTS = {
    "lf": (b"Content-Type: text/plain\nX-A: b\n\nbody", 200, b"body"),
    "crlf": (b"Content-Type: text/plain\r\nX-A: b\r\n\r\nbody", 200, b"body"),
    "mixed": (b"Status: 404 Gone Away\r\nX-A:b\n\r\n\r\nbody", 404, b"\r\nbody"),
    "length": (b"Content-Length: 2\n\nbody", 200, b"bo"),
    "nph": (b"HTTP/1.0 503 Busy\r\nX-A: b\r\n\r\n\n\nbody", 503, b"\n\nbody"),
    "empty": (b"Status: 204\n\n", 204, b""),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_response_headers_may_be_split_anywhere(name: str) -> None:
    output, status, body = OUTPUTS[name]
    for cut in range(len(output) + 1):
        answer = Answer("GET")
        got = answer.feed(output[:cut]) + answer.feed(output[cut:])
        assert answer.head is not None
        assert (answer.head.status, got) == (status, body)
    answer = Answer("GET")
    assert b"".join(answer.feed(bytes([octet])) for octet in output) == body


def parsed(output: bytes) -> CGIHead:
    result = HeadParser().feed(output)
    assert result is not None
    return result[0]


def test_the_reason_phrase_is_the_programs_or_the_default_one() -> None:
    assert parsed(b"Status: 404 Gone Fishing\n\n").reason == "Gone Fishing"
    assert parsed(b"Status: 404\n\n").reason == "Not Found"


def test_names_keep_their_case_and_values_lose_surrounding_blanks() -> None:
    assert parsed(b"x-Custom:\t a  b \t\n\n").headers == [(b"x-Custom", b"a  b")]


@pytest.mark.parametrize(
    ("fields", "local"),
    [
        (b"Location: /a?b\n", "/a?b"),
        (b"Content-Type: text/html\nLocation: /a\n", "/a"),
        (b"Location: /a\nStatus: 302\n", None),
        (b"Location: /a\nX-A: b\n", None),
        (b"Location: /a#b\n", None),
        (b"Location: //host/a\n", None),
        (b"Location: http://host/a\n", None),
        (b"Location: a\n", None),
    ],
)
def test_6_2_2_only_a_path_without_status_or_other_fields_is_a_local_redirect(fields: bytes, local: str | None) -> None:
    assert parsed(fields + b"\n").local == local


def test_response_headers_are_limited_in_fields_and_octets() -> None:
    assert len(parsed(b"X-A: b\n" * MAX_FIELDS + b"\n").headers) == MAX_FIELDS
    with pytest.raises(AppProtocolError, match="fields"):
        HeadParser().feed(b"X-A: b\n" * (MAX_FIELDS + 1))
    with pytest.raises(AppProtocolError, match="bytes"):
        HeadParser().feed(b"X-A: " + b"b" * MAX_HEAD)


@pytest.mark.parametrize(
    ("output", "breach"),
    [
        (b"\n", "there are no response headers"),
        (b"Content-Length:\n\n", "Content-Length is empty"),
        (b"Content-type: a/b\nContent-Type: a/b\n\n", "Content-Type is repeated"),
        (b"Status: 600\n\n", "the status is 600, above 599"),
        (b"X-A: b\r\r\n\n", "a line ends in CR CR LF"),
    ],
)
def test_accepted_violations_are_named(output: bytes, breach: str) -> None:
    assert parsed(output).breaches == (breach,)
    assert parsed(b"Content-Type: a/b\r\n\r\n").breaches == ()


def test_fields_that_only_the_server_may_set_count_as_fields() -> None:
    head = parsed(b"Date: never\nConnection: close\n\n")
    assert (head.status, head.headers, head.breaches) == (200, [], ())


def test_an_invalid_line_is_reported_before_the_headers_are_complete() -> None:
    with pytest.raises(AppProtocolError, match="no colon here"):
        HeadParser().feed(b"X-A: b\nno colon here\nX-")


def test_an_error_contains_the_received_data() -> None:
    with pytest.raises(AppProtocolError, match=r"'abc'.*three-digit"):
        HeadParser().feed(b"Status: abc\n")


@pytest.mark.parametrize(
    ("output", "method", "body"),
    [
        (b"X-A: b\n\nbody", "HEAD", b""),
        (b"Status: 204\n\nbody", "GET", b""),
        (b"Status: 304\nContent-Length: 4\n\n", "GET", b""),
        (b"Content-Length: 4\n\n", "HEAD", b""),
    ],
)
def test_a_response_that_needs_no_body_is_complete_without_one(output: bytes, method: str, body: bytes) -> None:
    answer = Answer(method)
    assert answer.feed(output) == body
    assert answer.whole, "the client need not wait for the rest"
    assert answer.bodiless
    answer.end(0)


def test_6_3_1_a_204_loses_its_content_length_and_a_304_keeps_it() -> None:
    assert parsed(b"Status: 204\nContent-Length: 0\nX-A: b\n\n").headers == [(b"X-A", b"b")]
    assert parsed(b"Status: 304\nContent-Length: 4\n\n").headers == [(b"Content-Length", b"4")]


@pytest.mark.parametrize(
    ("output", "returncode", "complaint"),
    [
        (b"", 0, "wrote nothing"),
        (b"X-A: b", 0, "empty line"),
        (b"X-A: b\n", -9, "empty line"),
        (b"Content-Length: 9\n\nbody", 0, "5 bytes before"),
        (b"X-A: b\n\nbody", -9, "killed by signal 9"),
        (b"X-A: b\n\nbody", 70, "exit status 70"),
        (b"Status: 500\n\nbody", -11, "killed by signal 11"),
    ],
)
def test_an_incomplete_response_is_an_error(output: bytes, returncode: int, complaint: str) -> None:
    answer = Answer("GET")
    answer.feed(output)
    with pytest.raises(AppProtocolError, match=complaint):
        answer.end(returncode)


@pytest.mark.parametrize("returncode", [0, 1, 255, None])
def test_a_response_is_complete_with_any_exit_status_and_while_the_program_continues(returncode: int | None) -> None:
    answer = Answer("GET")
    answer.feed(b"X-A: b\n\nbody")
    answer.end(returncode)
