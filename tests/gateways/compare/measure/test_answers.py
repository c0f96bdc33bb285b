"""Who answers the same, and who not."""

from gateways.compare.load.order import Answer, Seen
from gateways.compare.measure.answers import Given, expected, unequal, unusable


def seen(status: int = 200, body: str = "hello", error: str = "") -> Seen:
    return Seen(status, len(body), f"digest of {body}", "", body, 0.01, error)


def given(first: Seen, second: Seen | None = None) -> Given:
    return Given("asgi:uvicorn", first, second or first)


def test_answers_that_are_the_same_are_verified_whole() -> None:
    assert expected(given(seen())) == Answer(200, 5, "digest of hello")


def test_of_answers_that_vary_less_is_verified() -> None:
    assert expected(given(seen(body="token 1"), seen(body="token 2"))) == Answer(200, 7, None)
    assert expected(given(seen(body="short"), seen(body="longer"))) == Answer(200, None, None)


def test_what_cannot_be_timed() -> None:
    assert unusable(given(seen())) == ""
    assert unusable(given(seen(302))) == ""
    assert unusable(given(seen(error="ECONNREFUSED"))) == "it gives no answer: ECONNREFUSED"
    assert unusable(given(seen(500, "Internal\n  Server Error"))) == "it answers 500: Internal Server Error"
    assert unusable(given(seen(), seen(404, ""))) == "it answers 404"
    assert unusable(given(seen(200), seen(302))) == "it answers 200, and then 302"


def test_who_answers_something_else_is_told_what() -> None:
    answer = Answer(200, 5, "digest of hello")
    assert unequal(given(seen()), answer) == ""
    assert unequal(given(seen(204)), answer) == "it answers 204; the others 200"
    assert unequal(given(seen(body="hello!")), answer) == "its answer has 6 bytes; that of the others 5"
    assert unequal(given(seen(body="hallo")), answer) == "its answer begins 'hallo', which is not the others'"
    assert unequal(given(seen(), seen(body="hallo")), answer).startswith("its answer begins")
    assert unequal(given(seen(body="hallo")), Answer(200, None, None)) == ""
