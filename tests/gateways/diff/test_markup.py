"""HTML pages compared by elements. A token in one place hides no difference in another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.diff.markup import beyond_noise, parts

FORM = """<!DOCTYPE html>
<html lang=en><head><meta charset="utf-8"><script nonce="{nonce}">var t = "{nonce}";</script></head>
<body class='{css}'><p>One &amp; two<p>Three<br>four
<form action="/in"><input name=csrf value="{token}"><input disabled></form><!-- end --></body></html>
"""


def page(nonce: str = "n1", token: str = "t1", css: str = "plain") -> str:
    return FORM.format(nonce=nonce, token=token, css=css)


def places(olds: list[str], new: str) -> list[tuple[str, str, str]] | None:
    found = beyond_noise(olds, new)
    return None if found is None else [(each.place, each.old, each.new) for each in found]


def test_each_piece_has_a_place() -> None:
    found = {part.place: part.written for part in parts(page())}
    assert found["/html/@lang"] == "en"
    assert found["/html/head/script/text()"] == 'var t = "n1";'
    assert found["/html/body/@class"] == "plain"
    assert found["/html/body/p/text()"] == "One &amp; two"
    assert found["/html/body/p/p/form/input/@value"] == "t1"
    assert found["/html/body/p/p/form/input[2]"] == "<input disabled>"
    assert found["/html/body/p/p/comment()"] == "<!-- end -->"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (page("n3", "t3"), []),
        (page("n3", "t3", "wide"), [("/html/body/@class", "plain", "wide")]),
        (page("n3", "t3").replace("Three", "Tree"), [("/html/body/p/p/text()", "Three", "Tree")]),
        (page("n3", "t3").replace("value=", "valuf="), None),
        (page("n3", "t3").replace("<br>", ""), None),
        (page("n3", "t3").replace("</form>", "</form >"), [("/html/body/p/p/form", "</form>", "</form >")]),
        (page("n3", "t3").replace("lang=en", 'lang="en"'), [("/html", "<html lang=>", '<html lang="">')]),
    ],
)
def test_varying_places_are_learnt(new: str, expected: list[tuple[str, str, str]] | None) -> None:
    assert places([page(), page("n2", "t2")], new) == expected


def test_a_page_of_one_long_line_is_compared_around_its_tokens() -> None:
    def long(token: str, price: str) -> str:
        rows = "".join(f'<tr data-id="{number}-{token}"><td>{number}</td></tr>' for number in range(2000))
        return f"<table>{rows}<tr><td>{price}</td></tr></table>"

    found = places([long("a1", "1.10"), long("b2", "1.10")], long("c3", "1.1"))
    assert found == [("/table/tr[2001]/td/text()", "1.10", "1.1")]


MARKUP = st.text(st.sampled_from("<>/!-?=\"' \n\rabp&;#1[]\u2028é"), max_size=60)


@given(MARKUP, MARKUP)
def test_two_different_pages_are_never_equal(one: str, other: str) -> None:
    assert (beyond_noise([one], other) == []) == (one == other)
