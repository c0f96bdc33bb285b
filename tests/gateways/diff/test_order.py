"""Values in varying order."""

import json
from collections.abc import Callable

import pytest

from gateways.diff.answer import Answer
from gateways.diff.judge import judge
from gateways.diff.order import kind
from tests.gateways.diff.making import answer


def page(*names: str) -> str:
    items = "".join(f"<li><a href='/i/{name}'>{name}</a></li>" for name in names)
    return f"<h1>{len(names)} items</h1><ul>{items}</ul>"


def document(*names: str) -> str:
    return json.dumps({"count": len(names), "items": [{"name": name} for name in names]})


def lines(*names: str) -> str:
    return "items:\n" + "\n".join(names) + "\nend\n"


KINDS = ((page, "text/html"), (document, "application/json"), (lines, "text/plain"))


@pytest.mark.parametrize(("written", "media_type"), KINDS)
def test_an_order_that_varies_between_old_responses_is_noise(written: Callable[..., str], media_type: str) -> None:
    """One of the values, "tea", is at the same place in both old responses, by chance."""

    def of(*names: str) -> Answer:
        return answer(written(*names), ("Content-Type", media_type))

    olds = [of("tea", "milk", "salt"), of("tea", "salt", "milk")]
    assert judge(olds, [of("milk", "tea", "salt")]) == []
    assert judge(olds, [of("milk", "tea", "soap")]) != []
    assert judge(olds, [of("salt", "milk")]) != []
    assert judge(olds[:1], [of("milk", "tea", "salt")]) != []
    assert judge(olds[:1] * 2, [of("milk", "tea", "salt")]) != []


def test_the_kind_of_a_place_has_no_numbers() -> None:
    assert kind("/html/ul/li[12]/a[2]/@href") == kind("/html/ul/li/a/@href") == "/html/ul/li/a/@href"
    assert kind("/items/0/name") == kind("/items/12/name") != kind("/items2/0/name")
