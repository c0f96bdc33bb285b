"""The page of `gateways compare` in a real browser: complete, without errors, readable, with all values accessible."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.compare.plan.contender import contenders
from gateways.compare.record import Record
from tests.gateways.compare.making import record, slices
from tests.gateways.compare.show.test_page import everything
from tests.programs import require_program
from tests.real.chromium import Page, chromium
from tests.real.test_trace_pages import CONTRAST, OVERFLOW

ROOT = Path(__file__).parents[2]
BEYOND = OVERFLOW.replace("'body *'", "'body *:not(.scroll *)'")
"""Tables of values scroll separately."""


def draw(folder: Path, name: str, made: Record) -> Path:
    """Return the command's page for a record."""
    (folder / f"{name}.json").write_text(json.dumps(made.to_json()))
    gateways("--from", f"{name}.json", "--html", f"{name}.html", cwd=folder)
    return folder / f"{name}.html"


def gateways(*arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-m", "gateways", "compare", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        timeout=55, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout


def many() -> Record:
    """Twenty contenders, and a target name without places for a line break."""
    names = [each.id for each in contenders(None, servers=["all"], adapters=["all"])][::3]
    cells = [each for n, name in enumerate(names, 1) for each in slices(name, [[100 * n], [100 * n]])]
    made = record(cells)
    made.target = "x" * 300
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Path]:
    require_program("chromium")
    return {"few": draw(folder, "few", everything()), "many": draw(folder, "many", many())}


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser: Page, pages: dict[str, Path]) -> Iterator[Page]:
    """The page, opened on a desktop."""
    browser.size(1280, 900)
    browser.requests.clear()
    browser.open(pages["few"])
    yield browser
    assert browser.take_errors() == []
    assert set(browser.requests) == {pages["few"].as_uri()}


FIRST = "document.querySelector('#latency figure')"
READOUT = f"{FIRST}.querySelector('.readout')"
SEEN = f"{READOUT}.checkVisibility()"


def place(page: Page, share: float) -> tuple[float, float]:
    """Return the screen position of a share of the first chart of latencies."""
    page.evaluate(f"{FIRST}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    box = page.evaluate(f"{FIRST}.querySelector('.area').getBoundingClientRect().toJSON()")
    return box["x"] + box["width"] * share, box["y"] + box["height"] / 2


def read(page: Page) -> dict[str, str]:
    """Return the read-out: its title, and each contender's value."""
    said: list[list[str]] = page.evaluate(
        f"[...{READOUT}.children].map(each => [...(each.children.length ? each.children : [each])]"
        ".map(part => part.textContent).filter(Boolean))"
    )
    return {"": said[0][0]} | dict(said[1:])


def test_pointing_at_a_chart_shows_its_values(page: Page) -> None:
    x, y = place(page, 1)
    assert not page.evaluate(SEEN)
    page.do("Input.dispatchMouseEvent", type="mouseMoved", x=x - 1, y=y)
    assert page.evaluate(SEEN)
    assert read(page) == {"": "99 %", "wsgi waitress·4": "3 ms", "asgi uvicorn": "1 ms"}
    page.do("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    assert not page.evaluate(SEEN)


def test_arrow_keys_show_the_values_of_a_chart(page: Page) -> None:
    page.evaluate(f"{FIRST}.focus()")
    for key, title in (("ArrowRight", "10 %"), ("ArrowRight", "20 %"), ("End", "99 %"), ("ArrowLeft", "98 %")):
        page.press(key)
        assert read(page)[""] == title
    assert page.evaluate(f"{READOUT}.getAttribute('role')") == "status"
    page.press("Escape")
    assert not page.evaluate(SEEN)
    assert page.evaluate(f"getComputedStyle({FIRST}).outlineStyle") == "solid"


def test_a_touch_shows_the_values_within_the_screen(page: Page) -> None:
    page.size(360, 844, phone=True)
    for share in (0.02, 0.5, 0.98):
        x, y = place(page, share)
        page.do("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        page.do("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        assert page.evaluate(SEEN)
        assert page.evaluate(BEYOND) == []
    assert read(page)[""] == "99 %"


def test_contenders_can_be_hidden_and_shown(page: Page) -> None:
    own = "[...document.querySelectorAll('[data-series=\"1\"]')].some(each => each.getBoundingClientRect().width)"
    assert page.evaluate(own)
    page.evaluate("document.querySelector('[data-switch=\"1\"]').focus()")
    page.press("Enter")
    assert not page.evaluate(own)
    assert page.evaluate("document.querySelector('#shown').textContent") == "1 of 2 contenders"
    page.evaluate(f"{FIRST}.focus()")
    page.press("End")
    assert set(read(page)) == {"", "asgi uvicorn"}
    page.evaluate("document.querySelector('#all').click()")
    assert page.evaluate(own)
    assert page.evaluate("document.querySelector('#all').hidden")


def test_the_saved_data_equals_the_original_file(page: Page, pages: dict[str, Path], folder: Path) -> None:
    downloads = folder / "downloads"
    page.do("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
    page.evaluate("document.querySelector('#save').click()")
    saved = downloads / "gateways-compare-2026-11-20.json"
    until = time.monotonic() + 10
    while not saved.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert Record.from_json(json.loads(saved.read_text())) == everything()
    page.requests[:] = [each for each in page.requests if not each.startswith("blob:")]
    shown = gateways("--from", pages["few"].name, cwd=folder)
    assert "hello: GET /hello by 64 clients" in shown
    assert shown == gateways("--from", "few.json", cwd=folder)


@pytest.mark.parametrize("width", [360, 768, 1000, 1280])
@pytest.mark.parametrize("name", ["few", "many"])
def test_no_element_overflows_the_screen(browser: Page, pages: dict[str, Path], name: str, width: int) -> None:
    browser.size(width, 844, phone=width == 360)
    browser.open(pages[name])
    browser.evaluate("document.querySelectorAll('details:not(.values)').forEach(each => { each.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(BEYOND) == []
    browser.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_the_values_of_two_contenders_fit_on_a_phone(browser: Page, pages: dict[str, Path]) -> None:
    browser.size(360, 844, phone=True)
    browser.open(pages["few"])
    browser.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    head = "document.querySelectorAll('.values thead th')"
    browser.evaluate(f"{head}.forEach(each => {{ each.textContent = 'wsgi gunicorn-gthread·32'; }})")
    first = "(each => [each.scrollWidth, each.clientWidth])(document.querySelector('.values .scroll'))"
    width, room = browser.evaluate(first)
    assert width <= room


def test_a_sentence_of_the_setup_has_one_full_stop(pages: dict[str, Path]) -> None:
    assert "no proxy in front.</p>" in pages["few"].read_text()


def test_text_has_enough_contrast(browser: Page, pages: dict[str, Path]) -> None:
    """WCAG 2.2, 1.4.3. The colour of text in a picture is `fill`."""
    colour = "(each.ownerSVGElement ? getComputedStyle(each).fill : getComputedStyle(each).color)"
    for dark in (False, True):
        browser.size(1280, 900, dark)
        browser.open(pages["few"])
        lightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + +b, 0)"
        assert (browser.evaluate(lightness) < 3 * 128) is dark
        assert browser.evaluate(CONTRAST.replace("getComputedStyle(each).color", colour)) == []


def test_in_print_all_sections_are_open_and_controls_are_hidden(page: Page) -> None:
    page.do("Emulation.setEmulatedMedia", media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details:not(.values)')].every(each => each.open)")
    assert page.evaluate("getComputedStyle(document.querySelector('.legend')).position") == "static"
    assert page.pdf().startswith(b"%PDF-")


def test_the_page_is_readable_without_javascript(browser: Page, pages: dict[str, Path]) -> None:
    seen: dict[str, Any] = {}
    browser.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.size(360, 844, phone=True)
        browser.open(pages["few"])
    finally:
        browser.do("Emulation.setScriptExecutionDisabled", value=False)
    for name in (".switches", ".verdicts", ".chart svg", ".spans svg", ".values summary", "#save"):
        seen[name] = browser.evaluate(f"document.querySelector('{name}').checkVisibility()")
    assert seen.pop("#save") is False  # it would have no effect
    assert all(seen.values()), seen
    assert browser.evaluate("getComputedStyle(document.querySelector('.legend')).position") == "static"
