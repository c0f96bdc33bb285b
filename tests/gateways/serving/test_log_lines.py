"""The log line of a request."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateways.requests.access_log import read
from gateways.serving.log_lines import FIELDS, FORMATS, fields, is_format, level_of, line

WHEN = datetime(2026, 11, 29, 21, 23, 1, 125000, UTC)
DATA: tuple[Any, ...] = ("GET", b"/hello", b"name=you", 200, 1234, 0.00045, "", ("127.0.0.1", 51338), "1.1")


def made(form: str, data: tuple[Any, ...] = DATA) -> str:
    return line(form, fields("asgi", data, WHEN))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("full", "2026-11-29 21:23:01.125 INFO    127.0.0.1:51338 ASGI 200 GET /hello?name=you  1234 bytes  0.45 ms"),
        ("short", "ASGI  200  GET /hello?name=you  1234 bytes  0.45 ms"),
        ("common", '127.0.0.1 - - [29/Nov/2026:21:23:01 +0000] "GET /hello?name=you HTTP/1.1" 200 1234'),
        ("{status} {ms} {client}", "200 0.45 127.0.0.1:51338"),
    ],
)
def test_a_request_is_one_line_in_each_format(form: str, said: str) -> None:
    assert made(form) == said


def test_json_is_one_object_per_line() -> None:
    found = json.loads(made("json"))
    assert (found["status"], found["target"], found["level"]) == ("200", "/hello?name=you", "INFO")


def test_data_of_a_client_cannot_create_a_second_line_or_a_field() -> None:
    data = ("GET\n", b"/{time}\r\n", b"\x1b[31m", 0, 0, 0.1, "raised\n", ("fe80::1", 80), "1\n")
    for form in FORMATS:
        said = made(form, data)
        assert "\n" not in said
        assert "\r" not in said
        assert "\x1b" not in said
    assert "[fe80::1]:80" in made("full", data)


def test_an_unknown_client_is_a_dash() -> None:
    assert made("{client} {host}", (*DATA[:7], None, None)) == "- -"
    assert made("{client}", (*DATA[:7], ("127.0.0.1", ""), "HTTP/1.1")) == "127.0.0.1"


@pytest.mark.parametrize(
    ("status", "flaw", "level"),
    [
        (200, "", "info"),
        (404, "", "warning"),
        (503, "", "error"),
        (0, "raised ValueError", "error"),
        (200, "not complete", "error"),
        (200, "client left", "info"),
        (0, "cancelled", "info"),
    ],
)
def test_a_5xx_status_is_an_error_and_a_4xx_status_is_a_warning(status: int, flaw: str, level: str) -> None:
    assert level_of(status, flaw) == level


def test_a_format_has_known_fields_only() -> None:
    assert all(is_format(each) for each in (*FORMATS, *(f"{{{name}}}" for name in FIELDS)))
    assert not any(is_format(each) for each in ("fulll", "{nope}", "{status", "{}", "{status.x}", "{0}"))


def test_the_common_format_can_be_read_as_an_access_log() -> None:
    (request,) = read([made("common")], "shop.log").requests
    assert (request.method, request.target, request.recorded) == ("GET", "/hello?name=you", 200)
