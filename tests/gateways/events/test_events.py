"""Events converted by plain() for another process."""

import pickle
from types import MappingProxyType

from gateways.events.events import SHOWN, Body, Opaque, plain, size


def data_of(value: object, kind: str = "scope") -> object:
    return plain((1.0, 2, 3, kind, value))[4]


def test_only_the_data_of_an_event_is_converted() -> None:
    assert plain((1.5, 2, 3, "block", b"x")) == (1.5, 2, 3, "block", b"x")


def test_a_short_body_is_kept_and_a_longer_one_keeps_its_beginning_and_length() -> None:
    long, cut = b"x" * (SHOWN + 1), Body(SHOWN + 1, b"x" * SHOWN)
    for kind in ("write", "block", "stdin", "stdout", "body"):
        assert data_of(b"x" * SHOWN, kind) == b"x" * SHOWN
        assert data_of(long, kind) == cut
        assert data_of(bytearray(long), kind) == cut
        assert data_of(memoryview(b"ab"), kind) == b"ab"
    assert data_of(("read", (-1,), long), "read") == ("read", (-1,), cut)
    assert data_of({"type": "http.request", "body": long}, "receive") == {"type": "http.request", "body": cut}
    assert data_of({"text": "é" * (SHOWN + 1)}, "send") == {"text": Body(SHOWN + 1, "é" * SHOWN)}


def test_values_other_than_bodies_are_kept_at_any_length() -> None:
    long = b"x" * 10_000
    for value in ({"query_string": long, "headers": [(b"a", long)]}, ("GET", long, long)):
        assert data_of(value) == value
    started = {"type": "http.response.start", "headers": [(long, long)]}
    assert data_of(started, "send") == started
    assert data_of(("200 OK", [("a", "x" * 10_000)], False), "start_response") == (
        "200 OK",
        [("a", "x" * 10_000)],
        False,
    )


def test_dicts_and_lists_and_tuples_are_copied_recursively() -> None:
    headers = [(b"a", b"b")]
    scope = {"headers": headers, "client": ("::1", 1), "state": {"n": None}}
    assert data_of(scope) == scope
    copied = data_of(scope)
    assert isinstance(copied, dict)
    headers.append((b"c", b"d"))
    assert copied["headers"] == [(b"a", b"b")]


def test_objects_are_replaced_by_text() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    value = {"input": Broken(), "frozen": MappingProxyType({}), 1: len}
    assert data_of(value) == {
        "input": Opaque("<Broken, whose repr() raised RuntimeError>"),
        "frozen": Opaque("mappingproxy({})"),
        "1": Opaque("<built-in function len>"),
    }
    assert pickle.loads(pickle.dumps(data_of(value))) == data_of(value)


def test_subclasses_of_plain_types_are_replaced_too() -> None:
    class Text(str):
        __slots__ = ()

    assert data_of(Text("x")) == Opaque("'x'")


def test_size_is_that_of_the_complete_body() -> None:
    assert size(b"abc") == 3
    assert size(Body(1000, b"x")) == 1000
    assert size(None) == 0
