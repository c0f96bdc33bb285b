"""The common pieces of varying bodies, and the bodies that contain them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.compare.load.varying import fixed_parts, has, is_reordered, narrowed

FORM = b"<form><input name='csrf' value='%s'><p>%s</p></form>\n"


def test_a_token_is_a_gap_and_the_rest_of_the_page_is_constant() -> None:
    parts = fixed_parts(FORM % (b"k2J9", b"Cart"), FORM % (b"Qx71", b"Cart"))
    assert parts == (b"<form><input name='csrf' value='", b"'><p>Cart</p></form>\n")
    assert has(parts, FORM % (b"another token, and longer", b"Cart"))
    assert not has(parts, FORM % (b"zzzz", b"Basket"))


def test_a_time_is_one_gap() -> None:
    parts = fixed_parts(b'{"now": "20:54:21", "ok": true}', b'{"now": "20:54:22", "ok": true}')
    assert has(parts, b'{"now": "21:07:00", "ok": true}')
    assert not has(parts, b'{"now": "21:07:00", "ok": false}')


def test_constant_text_between_two_gaps_is_a_piece() -> None:
    page = b"id=%d, name=shop, key=%d."
    parts = fixed_parts(page % (1, 2), page % (3, 4))
    assert has(parts, page % (55, 66))
    assert not has(parts, b"id=55, name=barn, key=66.")


def test_equal_bodies_have_one_piece() -> None:
    assert fixed_parts(b"hello", b"hello") == (b"hello",)
    assert has((b"hello",), b"hello")
    assert not has((b"hello",), b"hello!")


def test_the_first_and_the_last_piece_may_not_overlap() -> None:
    assert not has((b"abc", b"cde"), b"abcde")
    assert has((b"abc", b"cde"), b"abccde")


@pytest.mark.parametrize("size", [5_000, 60_000])
def test_large_bodies_that_differ_everywhere_are_compared_quickly(size: int) -> None:
    one, other = (b" ".join(b"%d" % (number * factor) for number in range(size)) for factor in (3, 7))
    parts = fixed_parts(one, other)
    assert has(parts, one)
    assert has(parts, other)


@given(
    st.lists(st.sampled_from([b"a", b" ", b"<", b"token", b"\xff", b"="])),
    st.lists(st.sampled_from([b"a", b" ", b"b"])),
)
def test_both_bodies_contain_the_common_pieces(one: list[bytes], other: list[bytes]) -> None:
    parts = fixed_parts(b"".join(one), b"".join(other))
    assert has(parts, b"".join(one))
    assert has(parts, b"".join(other))


def test_if_only_the_order_of_words_varies_the_beginning_and_the_end_are_constant() -> None:
    page = b"<ul><li>%s</li><li>%s</li><li>%s</li></ul><p>bye</p>"
    parts = fixed_parts(page % (b"tea", b"milk", b"salt"), page % (b"milk", b"salt", b"tea"))
    assert parts == (b"<ul><li>", b"</li></ul><p>bye</p>")
    assert has(parts, page % (b"salt", b"tea", b"milk"))
    assert is_reordered(page % (b"tea", b"milk", b"salt"), page % (b"milk", b"salt", b"tea"))
    assert not is_reordered(page % (b"tea", b"milk", b"salt"), page % (b"milk", b"salt", b"milk"))


def test_a_third_body_reduces_the_common_pieces() -> None:
    page = b"<p>saved %s</p><i>%s</i><p>bye</p>"
    parts = fixed_parts(page % (b"now", b"k2J9"), page % (b"now", b"Qx71"))
    assert not has(parts, page % (b"2 minutes ago", b"zzzz"))
    parts = narrowed(parts, page % (b"1 minute ago", b"aaaa"))
    assert has(parts, page % (b"2 minutes ago", b"zzzz"))
    assert not has(parts, b"<p>saved now</p><i>zzzz</i><p>failed</p>")
    assert narrowed((b"hello, world",), b"hello, you") == (b"hello, ", b"")


WORDS = st.lists(st.sampled_from([b"a", b" ", b"<", b"b", b"\xff", b"="])).map(b"".join)


@given(WORDS, WORDS, WORDS)
def test_all_bodies_contain_the_remaining_pieces(one: bytes, other: bytes, third: bytes) -> None:
    parts = narrowed(fixed_parts(one, other), third)
    assert all(has(parts, each) for each in (one, other, third))
