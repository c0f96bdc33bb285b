"""The comparison of native and adapted answers: what counts as a difference."""

import gzip

import pytest

from tests.real.native.compare import differences
from tests.real.native.wire import Answer, Heard


def page(text: str) -> list[Heard]:
    return [Heard([Answer(200, "OK", [], text.encode(), whole=True)])]


@pytest.mark.parametrize(
    "text", ["at 2026-11-30 00:43:{}.123", "at Mon, 30 Nov 2026 00:46:{} GMT", "x" * 5000 + "2026-11-30T00:43:{}"]
)
def test_the_time_of_a_request_is_not_a_difference_even_if_two_native_responses_have_the_same(text: str) -> None:
    assert differences(page(text.format("01")), page(text.format("01")), page(text.format("59"))) == []


@pytest.mark.parametrize("text", ["Tue, 14 Nov 2023 22:13:{} GMT", "price {}"])
def test_the_date_of_a_file_and_any_other_text_is_a_difference(text: str) -> None:
    found = differences(page(text.format("20")), page(text.format("20")), page(text.format("21")))
    assert [line[:2] for line in found] == ["- ", "+ "]


def test_the_time_of_a_compression_is_not_a_difference() -> None:
    def compressed(text: bytes, when: int) -> list[Heard]:
        return [Heard([Answer(200, "OK", [], gzip.compress(text, mtime=when), whole=True)])]

    assert differences(compressed(b"a", 1), compressed(b"a", 1), compressed(b"a", 2)) == []
    assert differences(compressed(b"a", 1), compressed(b"a", 1), compressed(b"b", 1)) != []
