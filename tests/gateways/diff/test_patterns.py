"""Patterns of facets."""

import pytest

from gateways.diff.patterns import NAMES, pattern


@pytest.mark.parametrize(
    "text", [*NAMES, "header:date", "cookie:*", "cookie:Session;httponly", "body:/a/B", "*", "head*"]
)
def test_a_pattern_that_can_match_a_facet_is_unchanged(text: str) -> None:
    assert pattern(text) == text


def test_names_of_headers_and_attributes_match_in_any_letter_case() -> None:
    assert pattern("header:X-Request-ID") == pattern("Header:x-request-id") == "header:x-request-id"
    assert pattern("cookie:Visit;HttpOnly") == "cookie:Visit;httponly"


@pytest.mark.parametrize("text", ["nonsense", "date", "header", "header:", "Status", "x-*", ""])
def test_a_pattern_that_matches_no_facet_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(ValueError, match=r"no facet is named .*; choose from status, .*, header:NAME, cookie:NAME"):
        pattern(text)
