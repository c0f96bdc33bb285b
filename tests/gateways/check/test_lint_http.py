"""Breaches of HTTP by a response of any interface."""

import pytest

from gateways.check.lint.http import body


@pytest.mark.parametrize(
    ("method", "status", "headers", "length", "whole"),
    [
        ("GET", 200, [("Content-Length", "3")], 3, True),
        ("HEAD", 200, [("Content-Length", "3")], 0, True),
        ("GET", 304, [("Content-Length", "3")], 0, True),
        ("GET", 204, [], 0, True),
        ("GET", 200, [("Content-Length", "9")], 3, False),
        ("GET", 200, [], 3, True),
    ],
)
def test_a_correct_length_is_not_a_breach(
    method: str, status: int, headers: list[tuple[str, str]], length: int, whole: bool
) -> None:
    assert list(body(method, status, headers, length, whole)) == []


@pytest.mark.parametrize(
    ("status", "headers", "length", "said"),
    [
        (200, [("content-length", "3")], 4, "Content-Length is 3, the body has 4 bytes"),
        (200, [("Content-Length", "5")], 4, "Content-Length is 5, the body has 4 bytes"),
        (200, [("Content-Length", "٤")], 4, "Content-Length: '٤'"),
        (204, [], 2, "a 204 response with a body of 2 bytes"),
        (304, [], 2, "a 304 response with a body of 2 bytes"),
    ],
)
def test_a_wrong_length_or_body_is_a_breach(
    status: int, headers: list[tuple[str, str]], length: int, said: str
) -> None:
    (breach,) = body("GET", status, headers, length, True)
    assert breach.seen == said


def test_several_lengths_are_a_breach() -> None:
    found = [each.seen for each in body("GET", 200, [("Content-Length", "4"), ("Content-Length", "5")], 4, True)]
    assert "several values of Content-Length: ['4', '5']" in found
