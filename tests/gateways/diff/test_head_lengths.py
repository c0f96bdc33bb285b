"""The Content-Length of responses to HEAD."""

from gateways.diff.head_lengths import varying_targets, without_lengths
from gateways.diff.judge import judge
from gateways.requests.request import Request
from tests.gateways.diff.making import answer

GET, HEAD = Request("GET", "/now"), Request("HEAD", "/now")
SHORT, LONG = (answer("", ("Content-Length", length), framing="none") for length in ("9", "10"))


def test_the_length_of_a_body_that_varies_is_noise_even_if_the_old_lengths_are_equal() -> None:
    """The digits of a time vary, but a body may have the same length in a few responses."""
    judged = judge([SHORT, SHORT], [SHORT, LONG])
    assert [each.found.facet for each in judged] == ["header:content-length"]
    targets = varying_targets([(GET, [answer("1.5"), answer("1.7")]), (HEAD, [SHORT, SHORT])])
    assert without_lengths(judged, HEAD, targets) == []
    assert without_lengths(judged, Request("HEAD", "/other"), targets) == judged


def test_the_length_of_a_body_that_does_not_vary_is_compared() -> None:
    assert varying_targets([(GET, [answer("1.5"), answer("1.5")]), (HEAD, [SHORT, LONG])]) == set()


def test_a_length_that_is_lost_is_a_difference() -> None:
    judged = judge([SHORT, SHORT], [answer("", framing="none")])
    assert without_lengths(judged, HEAD, {"/now"}) == judged != []


def test_a_length_of_another_magnitude_is_a_difference_even_if_the_body_varies() -> None:
    """An adapter that drops the body of a response to HEAD may send the length 0."""
    for length in ("0", "4", "19"):
        judged = judge([SHORT, SHORT], [answer("", ("Content-Length", length), framing="none")])
        assert without_lengths(judged, HEAD, {"/now"}) == judged != [], length
    varying = judge([SHORT, LONG], [answer("", ("Content-Length", "0"), framing="none")])
    assert without_lengths(varying, HEAD, {"/now"}) == varying != []
    assert judge([SHORT, LONG], [answer("", ("Content-Length", "11"), framing="none")]) == []
