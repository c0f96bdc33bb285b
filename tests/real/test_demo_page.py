"""The page of `gateways demo` in a real browser, by real clicks and keys, against the three real servers."""

import hashlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.programs import require_program
from tests.real.chromium import Page, chromium
from tests.real.running import AT_ONCE, Running
from tests.real.test_trace_pages import CONTRAST, OVERFLOW

LANES = ("cgi", "wsgi", "asgi")


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    require_program("chromium")
    with Running("demo", "--port", "0") as running:
        running.wait_for("Ctrl-C")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    require_program("chromium")
    with chromium() as page:
        yield page


@pytest.fixture(scope="module")
def opened(browser: Page, demo: Running) -> Page:
    """The connected page. It shows earlier requests."""
    browser.size(1280, 900)
    browser.visit(demo.page)
    browser.wait_for("document.querySelector('#status').dataset.state === 'live'")
    browser.wait_for("document.querySelector('.asgi .requests').innerText.includes('lifespan.startup.complete')")
    return browser


@pytest.fixture
def page(opened: Page, demo: Running) -> Iterator[Page]:
    """The page with nothing on it. It must log no errors and send no requests to other hosts."""
    opened.size(1280, 900)
    opened.evaluate("document.querySelector('dialog').close()")
    opened.click("#clear")
    yield opened
    assert opened.take_errors() == []
    own = (demo.page, demo.page.replace("http", "ws"), "data:")
    assert [url for url in opened.requests if not url.startswith(own)] == []


def text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))


def fill(page: Page, name: str, value: str) -> None:
    """Replace the text of a field."""
    page.click(f"[name={name}]")
    page.evaluate(f"document.querySelector('[name={name}]').select()")
    page.type(value)


def choose(page: Page, action: str, **values: str) -> None:
    page.click(f"#tab-{action}")
    for name, value in values.items():
        fill(page, name, value)


def ask(page: Page, action: str, **values: str) -> str:
    """Choose an action, set its values, press the button, and return the verdict."""
    choose(page, action, **values)
    page.click("#go")
    return str(page.wait_for("document.querySelector('#verdict').innerText"))


def received(page: Page, lane: str) -> list[str]:
    found: list[str] = page.evaluate(f"[...document.querySelectorAll('.{lane} .out .text')].map(e => e.innerText)")
    return found


def steps(page: Page, lane: str) -> list[str]:
    found: list[str] = page.evaluate(f"[...document.querySelectorAll('.{lane} .event .what')].map(e => e.innerText)")
    return found


def wait_for_steps(page: Page, lane: str, expected: list[str]) -> None:
    """Wait until the first events of a lane are `expected`; each server sends its events when it has time."""
    shown = f"[...document.querySelectorAll('.{lane} .event .what')].map(e => e.innerText)"
    page.wait_for(
        f"JSON.stringify({shown}.slice(0, {len(expected)})) === '{json.dumps(expected, separators=(',', ':'))}'"
    )


def figure(page: Page, lane: str, name: str) -> str:
    find = f"[...document.querySelectorAll('.{lane} .figures div')].find(e => e.children[0].innerText === '{name}')"
    return str(page.evaluate(f"{find}?.children[1].innerText"))


def why(page: Page, lane: str, said: str) -> str:
    """Wait for the sentence below a lane. It must match `said`."""
    sentence = f"document.querySelector('.{lane} .why')?.innerText"
    page.wait_for(f"new RegExp({json.dumps(said)}).test({sentence})")  # it changes when further events arrive
    return str(page.evaluate(sentence))


def test_hello_is_shown_for_all_three_with_its_events(page: Page) -> None:
    said = ask(page, "hello", name="Grace & Ada")
    assert said.startswith("All three sent the same bytes. First byte: CGI ")
    for lane in LANES:
        assert received(page, lane) == ["Hello, Grace & Ada!"]
        assert figure(page, lane, "status") == "200"
    why(page, "cgi", r"passed between the start of a Python process and its first output. Process \d+")
    why(page, "wsgi", r"on its thread waitress.\d, which already existed")
    why(page, "asgi", "without a new process or thread")
    page.wait_for("document.querySelector('.cgi .event.exit')")
    wait_for_steps(page, "cgi", ["environment", "process", "stdout"])
    wait_for_steps(page, "wsgi", ["environ", "start_response", "returned", "block"])
    wait_for_steps(page, "asgi", ["scope", "send", "send", "returned"])
    assert len(steps(page, "asgi")) == 4
    for lane in LANES:
        assert text(page, f".{lane} .heading") == "GET /hello?name=Grace%20%26%20Ada HTTP/1.1"
        page.wait_for(f"document.querySelector('.{lane} .sum').innerText.startsWith('200 · 20 bytes · ')")
        assert page.evaluate(f"document.querySelectorAll('.row.{lane} i.dot').length") == 1
        assert page.evaluate(f"document.querySelectorAll('.row.{lane} i.work').length") == 1


WATCHED = """() => {
    window.seen = [];
    const count = () => window.seen.push(document.querySelectorAll('.asgi .out li').length);
    new MutationObserver(count).observe(document.querySelector('.asgi .stage'), {childList: true, subtree: true});
}"""


def test_blocks_of_a_stream_are_shown_as_they_arrive(page: Page) -> None:
    page.evaluate(f"({WATCHED})()")
    said = ask(page, "stream", chunks="4", delay="0.3")
    assert said.startswith("All three sent the same bytes.")
    assert {1, 2, 3} & set(page.evaluate("window.seen"))  # live, and not only at the end
    for lane in LANES:
        assert received(page, lane) == [f"chunk {number} of 4" for number in range(1, 5)]
    first = {
        lane: page.evaluate(f"parseFloat(document.querySelector('.row.{lane} .read').innerText)") for lane in LANES
    }
    assert min(first.values()) > 0, first  # milliseconds; a busy machine decides which is first
    assert {len(page.evaluate(f"[...document.querySelectorAll('.row.{lane} i.dot')]")) for lane in LANES} == {4}


def test_a_run_can_be_stopped_with_its_requests(page: Page) -> None:
    choose(page, "stream", chunks="40", delay="0.3")
    page.click("#go")
    page.wait_for("document.querySelector('.cgi .event.stdout')")  # not the output of the previous run
    page.click("#stop")
    page.wait_for("document.querySelector('#verdict').innerText === 'Stopped.'")
    assert page.evaluate("document.activeElement.id") == "go"
    page.wait_for("document.querySelector('.cgi .event.exit')")  # the program was ended
    assert page.evaluate("document.querySelector('#stop').hidden")


def test_server_sent_events_work_in_all_three(page: Page) -> None:
    ask(page, "events", count="2", delay="0.1")
    for lane in LANES:
        assert received(page, lane) == ["data: event 1 of 2", "data: event 2 of 2"]


def test_an_upload_has_the_same_digest_in_all_three(page: Page) -> None:
    said = ask(page, "upload", megabytes="3")
    assert said.startswith("All three read the same body (same SHA-256).")
    assert len({page.evaluate(f"document.querySelector('.{lane} .digest').title") for lane in LANES}) == 1
    for lane in LANES:
        assert text(page, f".{lane} .sentence") == "3.0 MB of 3.0 MB sent"
        assert page.evaluate(f"document.querySelector('.{lane} progress').position") == 1
    page.wait_for("document.querySelector('.wsgi .steps .more')?.innerText.endsWith(' more steps like these')")


def test_a_file_can_be_uploaded(page: Page, tmp_path: Path) -> None:
    octets = bytes(range(256)) * 5000
    file = tmp_path / "some file.bin"
    file.write_bytes(octets)
    choose(page, "upload")
    root = page.do("DOM.getDocument")["root"]["nodeId"]
    node = page.do("DOM.querySelector", nodeId=root, selector="[name=file]")["nodeId"]
    page.do("DOM.setFileInputFiles", nodeId=node, files=[str(file)])
    page.click("#go")
    page.wait_for("document.querySelector('#verdict').innerText.startsWith('All three read the same body')")
    digests = {page.evaluate(f"document.querySelector('.{lane} .digest').title") for lane in LANES}
    assert digests == {hashlib.sha256(octets).hexdigest()}


def test_each_interface_runs_as_many_of_ten_requests_at_once_as_it_can(page: Page) -> None:
    said = ask(page, "crowd", seconds="0.5")
    page.wait_for("document.querySelectorAll('.asgi .requests > li').length === 10")
    if not why(page, "asgi", "concurrent waits").startswith("10 "):  # on a busy machine, the requests arrive late
        page.click("#clear")
        said = ask(page, "crowd", seconds="5")
    assert said.startswith("All thirty requests succeeded. Time of the last response: CGI ")
    for lane in LANES:
        assert page.evaluate(f"document.querySelectorAll('.{lane} .crowd .answered').length") == 10
    why(page, "cgi", r"^\d+ concurrent processes, one for each client")
    why(page, "wsgi", "^8 threads: the other 2 requests waited for a free thread")
    why(page, "asgi", "^10 concurrent waits in one event loop, on one thread")
    assert page.evaluate("document.querySelectorAll('.asgi .requests > li').length") == 10


def test_a_chat_works_in_asgi_and_through_the_adapter_in_wsgi_and_cgi_shows_the_reason(page: Page) -> None:
    choose(page, "chat", text="Can you hear me?")
    page.click("#go")
    for lane in ("wsgi", "asgi"):
        page.wait_for(f"document.querySelectorAll('.{lane} .out li').length === 2")
    fill(page, "text", "And now — ünïcödé?")
    page.click("#go")
    for lane in ("wsgi", "asgi"):
        page.wait_for(f"document.querySelectorAll('.{lane} .out li').length === 4")
        assert received(page, lane) == ["Can you hear me?"] * 2 + ["And now — ünïcödé?"] * 2
        assert figure(page, lane, "status") == "101"
    page.wait_for(
        "document.querySelector('#verdict').innerText.startsWith("
        "'ASGI is connected, and WSGI through ASGIToWSGI; CGI responds 501.')"
    )
    assert figure(page, "cgi", "status") == "501"
    assert received(page, "cgi")[0].startswith(
        "A WebSocket sends messages in both directions until one side closes it; "
    )
    assert why(page, "cgi", "to the handshake").startswith("403")
    why(page, "wsgi", "the adapter took over the server’s connection")
    why(page, "asgi", "^Connected: the event loop keeps it open")
    page.wait_for("document.querySelectorAll('.asgi .event.receive').length >= 3")
    assert text(page, ".asgi .heading") == "WebSocket /ws"
    page.click("#stop")
    page.wait_for("document.querySelector('.asgi .sum').innerText.startsWith('101 · ')")
    page.wait_for("document.querySelector('.wsgi .sum').innerText.startsWith('101 ')")
    assert page.evaluate("document.querySelector('#stop').hidden")


def test_a_selected_event_shows_its_bytes_and_values(page: Page) -> None:
    ask(page, "hello", name="Ada")
    page.wait_for("document.querySelectorAll('.why').length === 3")  # no animation is running
    page.wait_for("document.querySelector('.wsgi .event.block')")
    page.click(".wsgi .event.block")
    assert page.evaluate("document.querySelector('dialog').open")
    assert text(page, "dialog h2") == "← block"
    assert "48 65 6c 6c 6f 2c 20 41 64 61 21 0a" in text(page, "dialog .hex")
    assert "b'Hello, Ada!\\n'" in text(page, "dialog .values")
    for _ in range(3):
        page.press("ArrowLeft")
    assert text(page, "dialog h2") == "→ environ"
    values = text(page, "dialog .values").split("\n")
    assert values[values.index("QUERY_STRING") + 1] == "name=Ada"
    page.press("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")
    assert focused(page, "className") == "event environ"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has a visible focus."""
    for _ in range(20):
        page.press("Tab")
        if page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    raise AssertionError(f"Tab does not reach {selector}")


def focused(page: Page, attribute: str) -> Any:
    return page.evaluate(f"document.activeElement.{attribute}")


def test_all_functions_are_accessible_with_the_keyboard(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    tab_to(page, "[role=tab]")
    page.press("ArrowRight")
    assert focused(page, "id") == "tab-stream"
    assert page.evaluate("document.querySelector('[name=chunks]').offsetWidth") > 0
    page.press("ArrowLeft")
    assert page.evaluate("document.querySelector('#tab-hello').ariaSelected") == "true"
    tab_to(page, "[name=name]")
    page.press("Enter")
    page.wait_for("document.querySelector('#verdict').innerText")
    page.wait_for("document.querySelector('.cgi .event.exit')")
    tab_to(page, ".cgi summary")
    page.press("ArrowDown")
    assert focused(page, "className") == "event environment"
    page.press("Enter")
    assert "GATEWAY_INTERFACE" in text(page, "dialog .values")
    tab_to(page, "dialog .close")
    page.press("Enter")
    assert focused(page, "className") == "event environment"
    page.press("ArrowRight")
    assert page.evaluate("Boolean(document.activeElement.closest('.wsgi'))")
    page.press("ArrowDown")
    assert focused(page, "className") == "event environ"


def test_paused_events_are_kept_and_cleared_ones_are_removed(page: Page) -> None:
    page.click("#pause")
    ask(page, "hello")
    page.wait_for("/Resume \\(\\d\\d\\)/.test(document.querySelector('#pause').innerText)")
    assert steps(page, "asgi") == []
    page.click("#pause")
    assert text(page, "#pause") == "Pause"
    page.wait_for("document.querySelectorAll('.asgi .event').length === 4")
    page.click("#clear")
    assert [steps(page, lane) for lane in LANES] == [[], [], []]
    assert text(page, ".cgi .none") == "Nothing yet."


def test_requests_of_other_clients_are_shown_too_and_old_ones_are_dropped(page: Page, demo: Running) -> None:
    for lane, url in zip(LANES[1:], demo.urls[1:], strict=True):
        for number in range(40):
            with urlopen(f"{url}/hello?name={number}", timeout=20) as response:
                response.read()
        newest = f"document.querySelector('.{lane} .heading')?.innerText"
        page.wait_for(f"{newest} === 'GET /hello?name=39 HTTP/1.1'")
        assert page.evaluate(f"document.querySelectorAll('.{lane} .requests > li').length") == 24
        assert page.evaluate(f"document.querySelectorAll('.{lane} .requests details[open]').length") == 2


@pytest.mark.parametrize("width", [390, 1280])
def test_no_element_overflows_the_screen_and_text_has_enough_contrast(page: Page, width: int) -> None:
    page.size(width, 844, phone=width == 390)
    ask(page, "chat", text="x" * 300)
    page.wait_for("document.querySelectorAll('.cgi .out li').length === 1")
    for action in ("hello", "stream", "upload", "crowd", "chat", "events"):
        page.click(f"#tab-{action}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOW) == []
    lefts = [page.evaluate(f"document.querySelector('.lane.{lane}').getBoundingClientRect().x") for lane in LANES]
    assert len({*lefts}) == (1 if width == 390 else 3)
    for dark in (False, True):
        page.size(width, 844, dark, phone=width == 390)
        page.click("#tab-hello")
        page.wait_for(f"{CONTRAST}.length === 0")  # after the change of colours
    page.click(".cgi .event.environment")
    assert page.evaluate("document.querySelector('dialog').open")
    assert page.evaluate(OVERFLOW) == []
    page.wait_for(f"{CONTRAST}.length === 0")


def test_with_reduced_motion_there_are_no_animations(page: Page) -> None:
    page.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    page.wait_for("document.getAnimations().length === 0")  # requests that started before
    choose(page, "stream", chunks="3", delay="0.2")
    page.click("#go")
    page.wait_for("document.querySelectorAll('.asgi .out li').length >= 2")
    assert page.evaluate("document.getAnimations().map(each => each.effect.target.className)") == []
    assert page.evaluate("document.querySelector('.playhead').hidden")
    page.wait_for("document.querySelector('#verdict').innerText")


def test_the_demo_exits_at_once_and_the_page_shows_this(browser: Page) -> None:
    with Running("demo", "--port", "0") as demo:
        browser.size(1280, 900)
        browser.visit(demo.page)
        choose(browser, "chat")
        browser.click("#go")
        browser.wait_for("document.querySelectorAll('.asgi .out li').length === 2")
        demo.tree(lambda seen: len(seen) >= 4)
        status, took = demo.end(signal.SIGINT, whole_group=True)
        assert (status, demo.left()) == (0, [])
        assert took < AT_ONCE
    browser.wait_for("document.querySelector('#status').innerText.startsWith('not connected')")
    browser.wait_for("document.querySelector('#stop').hidden")
