"""Differences in words that the new stack may show by chance."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from gateways.diff.ask import Address
from gateways.diff.chance import unsure
from gateways.diff.judge import judge
from gateways.diff.plan import Plan
from gateways.diff.result import Result
from gateways.diff.run import run
from gateways.diff.side import Running, Stack
from gateways.requests.options import traffic
from gateways.serving.probe import Known
from tests.gateways.diff.making import answer
from tests.gateways.diff.test_run import server

HTML = ("Content-Type", "text/html")
OLD = answer("<p>2 page log entries</p><i>a model</i>", HTML)
OTHER = answer("<p>2 model log entries</p><i>a model</i>", HTML)


@pytest.mark.parametrize(
    ("olds", "shown", "is_unsure"),
    [
        (2, (1, 1), True),
        (5, (1, 1), True),
        (5, (1, 1, 1, 1), False),
        (8, (0, 0, 0, 0, 1), True),
        (8, (0, 1, 1, 1, 1), False),
    ],
)  # fmt: skip
def test_a_different_word_is_a_difference_if_chance_is_improbable(
    olds: int, shown: Sequence[int], is_unsure: bool
) -> None:
    judged = judge([OLD] * olds, [OTHER if each else OLD for each in shown])
    assert len(judged) == 1
    assert unsure(judged, olds) == (judged if is_unsure else [])


@pytest.mark.parametrize(
    "body",
    [
        "<p>2 more page log entries</p><i>a model</i>",
        "<p>2 log entries</p><i>a model</i>",
        "<p>2 page log entries</p><i>a model </i>",
    ],
)  # fmt: skip
def test_a_lost_word_and_a_new_word_are_a_difference_the_first_time(body: str) -> None:
    judged = judge([OLD, OLD], [answer(body, HTML)] * 2)
    assert len(judged) == 1
    assert unsure(judged, 2) == []


def test_a_different_number_of_items_in_a_body_that_varies_is_a_difference_if_chance_is_improbable() -> None:
    """A random list had three items in all old responses, by chance."""
    olds = [answer(f"<ul><li>{'</li><li>'.join(each)}</li></ul>", HTML) for each in ("abc", "abb", "aba")]
    new = answer("<ul><li>c</li><li>c</li><li>a</li><li>b</li><li>c</li></ul>", HTML)
    judged = judge(olds, [new] * 2)
    assert len(judged) == 1
    assert unsure(judged, len(olds)) == judged
    assert unsure(judge(olds, [new] * 5), 8) == []


@pytest.mark.parametrize(
    ("texts", "is_unsure"),
    [
        (["<p>1</p>"] + ["<p>1 2</p>"] * 4, True),
        (["<p>1</p>", "<p>1 2", "<p>0 1 2</p>", "<p>1 3 2</p>", "<b>1 2</b>"], False),
    ],
)
def test_lost_words_in_some_responses_may_be_chance_but_not_if_all_bodies_differ(
    texts: list[str], is_unsure: bool
) -> None:
    olds, news = [answer("<p>1 2</p>", HTML)] * 8, [answer(each, HTML) for each in texts]
    judged = judge(olds, news)
    assert judged != []
    assert unsure(judged, 8) == (judged if is_unsure else [])


def test_a_different_status_or_type_of_a_value_is_a_difference_the_first_time() -> None:
    json = ("Content-Type", "application/json")
    old, new = answer('{"price": "1.10"}', json), answer('{"price": 1.10}', json)
    assert unsure(judge([old, old], [new, new]), 2) == []
    assert unsure(judge([OLD, OLD], [OLD, answer("", status=500)]), 2) == []


STACK = Stack("app", Known("app", "wsgi", ""), "wsgi", "waitress")


def compared(monkeypatch: pytest.MonkeyPatch, olds: Sequence[str], news: Sequence[str]) -> Result:
    """Compare two stacks whose processes send these texts. The last texts are repeated."""
    texts = {which: itertools.chain(each, itertools.repeat(each[-1])) for which, each in (("old", olds), ("new", news))}
    current = [""]

    @contextmanager
    def running(spec: Stack, host: str, _: object) -> Iterator[Running]:
        current[0] = next(texts[spec.label])
        yield Running(Address(address, host))

    monkeypatch.setattr("gateways.diff.run.APART", 0.0)
    monkeypatch.setattr("gateways.diff.run.running", running)
    with server("app", [], lambda: bytes(current[0], "ascii")) as site:
        address = ("127.0.0.1", int(site.url.rpartition(":")[2]))
        old, new = (Stack(label, STACK.known, "wsgi", "waitress") for label in ("old", "new"))
        return run(Plan(old, new, traffic(["/"])))


def test_an_order_that_differs_in_all_processes_of_the_new_stack_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compared(monkeypatch, ["tea milk"], ["milk tea"])
    assert [(each.found.new, each.times) for each in result.counted] == [("'milk '", 5)]
    assert result.rounds == (5, 5)


def test_an_order_that_the_old_stack_has_in_a_later_process_is_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compared(monkeypatch, ["tea milk"] * 6 + ["milk tea"], ["tea milk", "milk tea", "tea milk"])
    assert (result.counted, result.noise, result.rounds) == ([], {"body": 1}, (7, 5))


def test_an_order_that_may_be_chance_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compared(monkeypatch, ["tea milk"], ["tea milk", "milk tea", "tea milk"])
    assert (result.counted, result.rounds) == ([], (8, 5))
    assert result.notes[-1].startswith("GET /: body differs in 1 of 5 responses of the new stack (' milk' → 'milk ')")


def test_a_lost_word_needs_no_further_rounds_to_exclude_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compared(monkeypatch, ["tea milk"], ["tea"])
    assert [each.found.old for each in result.counted] == ["' milk'"]
    assert result.rounds == (3, 2)
