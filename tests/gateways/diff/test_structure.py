"""Differences of JSON documents beyond noise, by place."""

import json
from typing import Any

import pytest

from gateways.diff.structure import ABSENT, Leaf, beyond_noise, parse


def documents(*values: Any) -> list[Any]:
    return [parse(json.dumps(each).encode()) for each in values]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": {"b/c": 1}}, {"a": {"b/c": 2}}, Leaf("/a/b~1c", "1", "2")),
        ({"a": 1}, {"a": 1.0}, Leaf("/a", "1", "1.0")),
        ({"a": 1}, {"a": "1"}, Leaf("/a", "1", '"1"')),
        ({"a": []}, {"a": {}}, Leaf("/a", "[]", "{}")),
        ({"a": 1, "b": 2}, {"a": 1}, Leaf("/b", "2", ABSENT)),
        ([1], [1, None], Leaf("/1", ABSENT, "null")),
    ],
)
def test_a_place_has_a_json_pointer(old: Any, new: Any, found: Leaf) -> None:
    (document,) = documents(new)
    assert beyond_noise(documents(old, old), document) == [found]


def test_varying_places_are_noise_and_the_rest_is_compared() -> None:
    olds = documents({"id": 1, "at": "10:00", "name": "x"}, {"id": 2, "at": "10:01", "name": "x"})
    (fine,) = documents({"id": 3, "at": "10:02", "name": "x"})
    (other,) = documents({"id": 3, "at": "10:02", "name": "y"})
    assert beyond_noise(olds, fine) == []
    assert [each.pointer for each in beyond_noise(olds, other)] == ["/name"]


def test_a_growing_list_is_noise_as_a_whole() -> None:
    olds = documents({"log": [1]}, {"log": [1, 2, 3]})
    (new,) = documents({"log": [1, 2]})
    assert beyond_noise(olds, new) == []


def test_a_varying_value_that_becomes_null_is_noise() -> None:
    olds = documents({"a": None}, {"a": {"b": 1}})
    (new,) = documents({"a": {"b": 2}})
    assert beyond_noise(olds, new) == []
