"""The page of `gateways diff` in a real browser: complete, without errors, readable on a phone and on paper."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateways.diff.judge import Found, Judged
from gateways.diff.page import render
from gateways.diff.result import Result, SentRequest, Side, together
from tests.programs import require_program
from tests.real.chromium import Page, chromium
from tests.real.test_trace_pages import CONTRAST, OVERFLOW

LONG = "/search?q=" + "x" * 300


def made() -> Result:
    """A result with one difference of each kind: counted, not counted, accepted, with lines, long and hostile
    values.
    """
    differences = together(
        [
            [
                Judged(Found("status", "200 OK", "500 Internal Server Error", ("+Traceback " + "y" * 300,)), 1, 2),
                Judged(Found("header:server", "gunicorn", "uvicorn"), 2, 2),
                Judged(Found("body:/items/0/price", '"1.10"', "1.10"), 2, 2),
            ],
            [
                Judged(
                    Found("body", "<script>document.title = 'bad'</script>", "z" * 400, ("@ line 1", "-a", "+b")), 2, 2
                ),
                Judged(Found("header:x-a", "1", "(absent)"), 2, 2),
                Judged(Found("stream", "4 blocks from 1 ms to 400 ms", "1 block after 401 ms"), 2, 2),
            ],
        ]
    )
    accepted = [replace(each, accepted="agreed") if each.found.facet == "header:x-a" else each for each in differences]
    asked = [
        SentRequest("GET /", "a.har, entry 1", (200, 200), (500, 200)),
        SentRequest(f"GET {LONG}", "", (200,), (200,)),
    ]
    return Result(
        Side("shop:app@gunicorn", "shop:app (WSGI) on gunicorn 27"),
        Side("@uvicorn", "shop:app (WSGI) through WSGIToASGI on uvicorn 0.54", "WSGIToASGI"),
        tuple(asked),
        tuple(accepted),
        noise={"header:date": 2},
        left_out=("left out: 1 entry: " + "w" * 200,),
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_program("chromium")
    file = tmp_path_factory.mktemp("diff") / "diff.html"
    file.write_text(render(made(), "1"), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser: Page, file: Path) -> Iterator[Page]:
    browser.size(1280, 900)
    browser.requests.clear()
    browser.open(file)
    yield browser
    assert browser.take_errors() == []


def test_the_page_loads_nothing_else_and_executes_nothing_of_a_response(page: Page, file: Path) -> None:
    assert [url for url in page.requests if not url.startswith("data:")] == [file.as_uri()]
    assert page.evaluate("document.title").startswith("diff · shop:app@gunicorn")


def test_old_and_new_values_are_side_by_side_and_on_a_phone_one_above_the_other(page: Page) -> None:
    tops = "[...document.querySelector('.sides').children].map(each => Math.round(each.getBoundingClientRect().top))"
    old, new = page.evaluate(tops)
    assert old == new
    page.size(360, 844, phone=True)
    old, new = page.evaluate(tops)
    assert old < new


def test_each_difference_has_its_heading(page: Page) -> None:
    facets = "[...document.querySelectorAll('#{} h3 code')].map(each => each.innerText)"
    assert page.evaluate(facets.format("differences")) == ["status", "body:/items/0/price", "body", "stream"]
    assert page.evaluate(facets.format("others")) == ["header:server"]
    assert page.evaluate(facets.format("accepted")) == ["header:x-a"]
    assert "in 1 of 2 responses" in page.evaluate("document.querySelector('#differences').innerText")


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_no_element_overflows_the_screen(page: Page, width: int, dark: bool) -> None:
    page.size(width, 844, dark, phone=width == 360)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOW) == []


def test_text_has_enough_contrast(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for dark in (False, True):
        page.size(1280, 900, dark)
        assert page.evaluate(CONTRAST) == []


def test_in_print_all_sections_are_open(page: Page) -> None:
    page.do("Emulation.setEmulatedMedia", media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details')].every(each => each.open)")
    assert re.match(rb"%PDF-", page.pdf())
