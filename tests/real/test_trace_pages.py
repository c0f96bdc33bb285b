"""The pages of `gateways trace` and `gateways timeline` in a real browser: complete, without errors, readable, usable
by keyboard.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateways.trace.html import axis
from tests.programs import require_program
from tests.real.chromium import Page, chromium

APPS = Path(__file__).parent / "apps" / "traced"
ROOT = Path(__file__).parents[2]
OVERFLOW = """[...document.querySelectorAll('body *')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(each => each.outerHTML.slice(0, 200))"""
"""Return the elements that are not completely on the screen."""


def make(folder: Path, *arguments: str) -> Path:
    file = folder / f"{arguments[0]}.html"
    command = [sys.executable, "-m", "gateways", *arguments, "--html", str(file)]
    done = subprocess.run(
        command, cwd=APPS, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        timeout=55, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout == ""
    return file


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    require_program("chromium")
    folder = tmp_path_factory.mktemp("pages")
    return {
        "trace": make(folder, "trace", "flask_app:app", "--server", "uvicorn", "--path", "/hello?name=" + "x" * 150),
        "timeline": make(folder, "timeline"),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture(params=["trace", "timeline"])
def page(request: pytest.FixtureRequest, browser: Page, pages: dict[str, Path]) -> Iterator[Page]:
    """A page, opened on a desktop."""
    browser.size(1280, 900)
    browser.requests.clear()
    browser.open(pages[request.param])
    yield browser
    assert browser.take_errors() == []


def test_the_page_loads_nothing_else(page: Page, pages: dict[str, Path]) -> None:
    asked = [url for url in page.requests if not url.startswith("data:")]
    assert asked in [[file.as_uri()] for file in pages.values()]


def test_the_steps_are_shown(page: Page, pages: dict[str, Path]) -> None:
    page.evaluate("document.querySelectorAll('details.generation').forEach(each => { each.open = true; })")
    said = page.evaluate("[...document.querySelectorAll('details.step .what')].map(each => each.innerText)")
    assert {"scope", "environ", "start_response", "send http.response.start", "block"} <= set(said)
    title = page.evaluate("document.title")
    assert title.startswith("GET /hello") or title == "Five generations: CGI, WSGI, ASGI"


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_no_element_overflows_the_screen(page: Page, width: int, dark: bool) -> None:
    page.size(width, 844, dark, phone=width == 360)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOW) == []
    lightness = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + +b, 0)"
    )
    assert (lightness < 3 * 128) is dark


TOUCHING = """[...document.querySelectorAll('.ticks')].flatMap(axis => {
    const shown = [...axis.children].filter(each => each.getBoundingClientRect().width);
    return shown.slice(1).filter((each, before) =>
        each.getBoundingClientRect().left < shown[before].getBoundingClientRect().right + 2);
}).map(each => each.innerText)"""
"""Return the labels of an axis that touch the label before them."""


@pytest.mark.parametrize("width", [360, 390, 641, 1280])
def test_labels_of_an_axis_do_not_touch(page: Page, width: int) -> None:
    page.size(width, 844, phone=width < 500)
    for end in (0.00201, 0.0029, 0.0041, 0.0051, 0.0059, 0.0101, 0.0299, 0.059, 0.21, 0.43, 0.59):
        replace = (
            f"document.querySelectorAll('.ticks').forEach(each => {{ each.outerHTML = {json.dumps(axis(end))}; }})"
        )
        page.evaluate(replace)
        assert page.evaluate("document.querySelectorAll('.ticks').length") > 0
        assert page.evaluate(TOUCHING) == [], end


def test_the_steps_are_accessible_with_the_keyboard(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details.generation').forEach(each => { each.open = true; })")
    page.evaluate("document.querySelector('details.step').open = false")
    focused = "document.activeElement.parentElement?.id"
    first = page.evaluate("document.querySelector('details.step').id")
    for _ in range(12):
        page.press("Tab")
        if page.evaluate(focused) == first:
            break
    assert page.evaluate(focused) == first
    page.press("Enter")
    assert page.evaluate(f"document.querySelector('#{first}').open")
    page.press("ArrowDown")
    second = page.evaluate(focused)
    assert re.sub(r"\d+$", "", second) == re.sub(r"\d+$", "", first)
    assert second != first
    page.press("ArrowUp")
    assert page.evaluate(focused) == first
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_text_has_enough_contrast(page: Page) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 to 1, for each colour of text on the page and on its cards."""
    for dark in (False, True):
        page.size(1280, 900, dark)
        assert page.evaluate(CONTRAST) == []


CONTRAST = """(() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const luminance = (colour) => {
        canvas.fillStyle = '#000'; canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(part => {
            const c = part / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (each) => {
        for (; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (!/, 0\\)$|\\/ 0?\\.\\d+\\)$|^transparent/.test(colour)) return colour;
        }
    };
    const low = new Set();
    for (const each of document.querySelectorAll('body *')) {
        if (![...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
        if (!each.getBoundingClientRect().width || each.tagName === 'SCRIPT') continue;
        const [a, b] = [getComputedStyle(each).color, behind(each)].map(luminance);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.add(`${each.className || each.tagName}: ${ratio.toFixed(2)}`);
    }
    return [...low];
})()"""


def test_in_print_all_sections_are_open(page: Page) -> None:
    page.do("Emulation.setEmulatedMedia", media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details')].every(each => each.open)")
    assert page.pdf().startswith(b"%PDF-")


def test_a_mark_on_the_axis_links_to_its_step(browser: Page, pages: dict[str, Path]) -> None:
    browser.size(1280, 900)
    browser.open(pages["trace"])
    browser.evaluate("document.querySelector('#close').click()")
    mark = "document.querySelectorAll('.axis a')[1]"
    browser.evaluate(f"{mark}.click()")
    step = browser.evaluate(f"document.querySelector({mark}.getAttribute('href')).id")
    assert browser.evaluate("[...document.querySelectorAll('details.step[open]')].map(each => each.id)") == [step]
    assert browser.evaluate("document.activeElement.parentElement.id") == step
