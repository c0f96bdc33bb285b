"""Texts with and without differences beyond noise."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.diff.text import Change, beyond_noise, changes, shown, visible

PAGE = "<html>\n<p>hello</p>\n<input name=csrf value='{token}'>\n<p>{date}, served in {ms} ms</p>\n</html>\n"


def page(**more: str) -> str:
    return PAGE.format(
        **{"token": secrets.token_urlsafe(24), "date": "Sun, 29 Nov 2026 20:54:21 GMT", "ms": "7", **more}
    )


def test_changes_are_words_in_their_lines() -> None:
    assert changes("a b c\nd\n", "a x c\nd\n") == [Change(2, 3, "x")]
    assert changes("a\nb\n", "a\nnew\nb\n") == [Change(2, 2, "new\n")]
    assert changes("same", "same") == []


@given(st.text("ab <\n"), st.text("ab <\n"))
def test_changes_applied_to_the_old_text_give_the_new_one(old: str, new: str) -> None:
    made, end = "", 0
    for each in changes(old, new):
        made += old[end : each.start] + each.new
        end = each.end
    assert made + old[end:] == new


def test_varying_tokens_and_dates_and_times_are_noise() -> None:
    olds = [page(), page(date="Sun, 29 Nov 2026 20:54:22 GMT", ms="9")]
    for _ in range(50):
        assert beyond_noise(olds, page(date="Sun, 29 Nov 2026 20:54:59 GMT", ms="13")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hello", "hallo"),
        ("</html>\n", "</html>"),
        ("</html>\n", "</html>\r\n"),
        ("<html>", "<html>\n<!-- debug -->"),
        ("served in", "served  in"),
        ("name=csrf", "name=token"),
    ],
)
def test_a_difference_of_an_octet_beside_noise_is_found(old: str, new: str) -> None:
    olds = [page(), page()]
    assert beyond_noise(olds, page().replace(old, new)) != []


def test_noise_does_not_hide_additional_words() -> None:
    assert beyond_noise(["id=a1;", "id=b2;"], "id=c3;") == []
    assert beyond_noise(["id=a1;", "id=b2;"], "id=c3 <script> alert </script>;") != []


def test_a_response_that_the_old_stack_also_gives_is_not_a_difference() -> None:
    assert beyond_noise(["heads", "tails"], "tails") == []


def test_lines_show_the_change_and_invisible_characters() -> None:
    old, new = "one\ntwo\n", "one\ntwo\r\n"
    assert shown(old, new, changes(old, new)) == ["@ line 2", "-two", "-", "+two\\r", "+"]
    assert visible("a\u200bb") == "a\\u200bb"


def test_a_large_text_without_a_common_line_is_compared_in_bounded_time() -> None:
    old, new = ("\n".join(f"{name}{number}" for number in range(20_000)) for name in "ab")
    assert len(changes(old, new)) == 1


@pytest.mark.parametrize(
    ("new", "differs"),
    [
        ("http://shop.example/orders/c3?page=2", False),
        ("/orders/c3?page=2", True),
        ("https://shop.example/orders/c3?page=2", True),
        ("http://shop.example:8000/orders/c3?page=2", True),
        ("http://shop.example/shop/orders/c3?page=2", True),
        ("http://shop.example/orders/c3?page=3", True),
    ],
)
def test_a_varying_id_in_a_url_hides_no_difference_in_the_rest(new: str, differs: bool) -> None:
    olds = ["http://shop.example/orders/a1?page=2", "http://shop.example/orders/b2?page=2"]
    assert bool(beyond_noise(olds, new)) == differs


@pytest.mark.parametrize("new", ["token a/b+c/d==", "token /ab/cd==", "token abcd=="])
def test_a_token_may_contain_slashes(new: str) -> None:
    assert beyond_noise(["token xyz1==", "token 2wvu=="], new) == []


def test_a_difference_in_a_long_page_is_found_in_its_place() -> None:
    lines = [f"<p>line {number}</p>" for number in range(3000)]
    olds = ["\n".join([f"<p>token {token}</p>", *lines, "</html>\n"]) for token in ("a1", "b2")]
    new = "\n".join(["<p>token c3</p>", *lines, "</html>"])
    assert beyond_noise(olds, new) == [Change(len(olds[0]) - 1, len(olds[0]), "")]
