"""Reasons to doubt the requests of a comparison."""

from gateways.diff.doubts import doubts
from gateways.requests.request import Request
from tests.gateways.diff.making import answer

REQUESTS = [
    Request("GET", "/a", expect=302),
    Request("GET", "/b", recorded=200),
    Request("GET", "/c", recorded=404),
    Request("GET", "/d", recorded=200),
]


def test_unexpected_statuses_are_reported() -> None:
    assert list(doubts(REQUESTS, [answer(), answer(), answer(), None], data_stays=False)) == [
        "old: GET /a has the status 200; expected 302",
        "old: 1 of 3 requests have a status other than the recorded one; first GET /c: 200, recorded 404",
    ]


def test_requests_without_a_response_from_the_old_stack_are_reported() -> None:
    """Otherwise two stacks that both fail would look like a successful comparison."""
    silent = answer(status=None, reason="", problem="the connection was closed before a response")
    assert list(doubts(REQUESTS[1:], [silent, answer(status=404), silent], data_stays=False)) == [
        "old: 2 of 3 requests got no response, so they prove nothing about the new stack; first GET /b",
    ]


def test_data_that_persists_between_rounds_is_reported() -> None:
    (said,) = doubts([], [], data_stays=True)
    assert said.endswith("is kept between rounds; restore it with --reset COMMAND.")
