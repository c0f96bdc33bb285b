"""Values that the old stack generates for each response, but that the new stack repeats."""

from collections.abc import Callable

import pytest

from gateways.diff.answer import Answer
from gateways.diff.constant import repeated
from gateways.diff.judge import SAME, judge
from tests.gateways.diff.making import answer

TOKENS = "kJ8sd7fG6hj5Kl4m", "Zx9cv8Bn7mA6sd5f", "qW3er4Ty5ui6Op7a"
JSON, HTML = ("Content-Type", "application/json"), ("Content-Type", "text/html")


def token_in_json(token: str) -> Answer:
    return answer(f'{{"id": 7, "token": "{token}"}}', JSON)


def token_in_a_form(token: str) -> Answer:
    return answer(f"<form><input name=csrf value='{token}'><p>{'text ' * 9}</form>", HTML)


def token_in_a_cookie(token: str) -> Answer:
    return answer("", ("Set-Cookie", f"session={token}; Path=/"))


PLACES: dict[Callable[[str], Answer], str] = {
    token_in_json: "body:/token",
    token_in_a_form: "body:/form/input/@value",
    token_in_a_cookie: "cookie:session",
}


@pytest.mark.parametrize("made", PLACES)
def test_a_token_that_is_the_same_for_all_clients_is_a_difference(made: Callable[[str], Answer]) -> None:
    olds = [made(TOKENS[0]), made(TOKENS[1])]
    assert repeated(olds, [made(TOKENS[2])] * 2) == [PLACES[made]]
    assert repeated(olds, [made(TOKENS[2]), made(TOKENS[2][::-1])]) == []
    assert repeated(olds, [made(TOKENS[2])]) == []


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        (["10:31:01 of kJ8sd7fG6hj5Kl4m", "10:31:02 of kJ8sd7fG6hj5Kl4m"], "10:31:03 of kJ8sd7fG6hj5Kl4m"),
        (["1", "2"], "3"),
        ([TOKENS[0], TOKENS[1], TOKENS[0]], TOKENS[1]),
        ([TOKENS[0], TOKENS[0]], TOKENS[0]),
    ],
)
def test_times_numbers_and_values_that_the_old_stack_repeats_are_noise(olds: list[str], new: str) -> None:
    assert repeated(list(map(answer, olds)), [answer(new)] * 2) == []


def test_only_a_stack_that_is_started_for_each_response_is_judged() -> None:
    """A server that already runs may repeat a value that its process keeps."""
    olds, news = [token_in_json(each) for each in TOKENS[:2]], [token_in_json(TOKENS[2])] * 2
    assert judge(olds, news) == []
    (judged,) = judge(olds, news, is_restarted=True)
    assert (judged.found.facet, judged.found.new, judged.times) == ("body:/token", SAME, 2)
