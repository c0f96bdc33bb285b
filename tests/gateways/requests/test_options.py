"""Requests as options of a command."""

import pytest

from gateways.requests.options import traffic, weighted


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("/", "/", 1.0),
        ("/=5", "/", 5.0),
        ("/cart=.5", "/cart", 0.5),
        ("/?page=2", "/?page=2", 1.0),
        ("/?page=2 3", "/?page=2", 3.0),
        ("/a=b", "/a=b", 1.0),
    ],
)
def test_a_weight_follows_the_path_and_is_not_part_of_a_query(text: str, path: str, weight: float) -> None:
    assert weighted(text) == (path, weight)


@pytest.mark.parametrize("text", ["/=0", "/ -1", "/ x", "/ inf"])
def test_a_weight_is_a_number_above_zero(text: str) -> None:
    with pytest.raises(ValueError, match="not a number above 0"):
        weighted(text)


def test_the_options_apply_to_each_path() -> None:
    first, second = traffic(
        ["/=2", "/b"], headers=["A: 1"], data=b"x=1", cookies=["c=1", "d=2"], user="me:pass:word", expect=201
    ).requests
    assert (first.method, first.target, first.weight, first.body, first.expect) == ("POST", "/", 2.0, b"x=1", 201)
    assert first.headers == second.headers == (
        ("A", "1"),
        ("Cookie", "c=1; d=2"),
        ("Authorization", "Basic bWU6cGFzczp3b3Jk"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    )  # fmt: skip


def test_a_given_content_type_is_not_repeated() -> None:
    (request,) = traffic(["/"], headers=["content-type: text/plain"], data=b"").requests
    assert (request.headers, request.body, request.method) == ((("content-type", "text/plain"),), b"", "POST")


def test_without_a_path_there_are_no_requests() -> None:
    assert traffic([]).requests == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"paths": ["x"]}, "does not begin with a slash"),
        ({"paths": ["/"], "cookies": ["c"]}, "not NAME=VALUE"),
        ({"paths": ["/"], "user": "me"}, "not NAME:PASSWORD"),
        ({"paths": ["/"], "method": "A B"}, "not a method"),
    ],
)
def test_an_invalid_option_is_reported(given: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        traffic(**given)  # type: ignore[arg-type]
