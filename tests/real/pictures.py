"""Create the pictures of README.md: `make images`, or `python -m tests.real.pictures [demo | COMPARISON.json]`.

The commands create the pages; Chromium takes the screenshots, light and dark. A comparison needs time and a quiet
machine. So the module uses a given file, or else runs a short comparison. The page of the demo is live.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.chromium import Page, chromium
from tests.real.running import Running

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH = 1080
PAGES = {
    "trace": ("trace", "gateways.wsgi.app:app", "--server", "uvicorn", "--path", "/hello?name=you"),
    "timeline": ("timeline",),
}
TRIES = {"trace": 10, "timeline": 1}
BOTTOM = {"trace": ".diagram", "timeline": ".bars", "compare": "#throughput .charts"}
"""The last element of a page in its picture."""
SHORT = ("--quick", "--scenarios", "hello,wait")
BEFORE = {
    "trace": "document.querySelector('#close').click()",
    "timeline": "0",
    "compare": """(() => {
        const [charts, latency] = ['#throughput .charts', '#latency figure'].map(each => document.querySelector(each));
        charts.replaceChildren(charts.lastElementChild, ...(latency ? [latency] : []));
        const rest = '#doubts, #ratios, #latency, .verdicts li:nth-child(n+6), #results table ~ *, .values, .key';
        document.querySelectorAll(rest).forEach(each => each.remove());
        document.querySelector('.legend').classList.remove('stays');
    })()""",
}
"""Changes to a page before its screenshot: a comparison's page does not fit a picture."""

USUAL_PATHS = """(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(%s, '/home/you/gateways');
})()""" % json.dumps(str(Path(__file__).parents[2]))  # noqa: UP031 - braces are JavaScript's
"""Replace the paths of this machine."""


def main(only: str = "") -> None:
    """Create all pictures, or those of the demo or of one comparison."""
    comparison = "" if only == "demo" else only
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        browser.do("Emulation.setScrollbarsHidden", hidden=True)
        if not comparison:
            demo(browser)
        if only == "demo":
            return
        pages = {"compare": compare(Path(folder, "compare.html"), comparison)}
        for name, arguments in {} if comparison else PAGES.items():
            tries = (make(Path(folder, f"{name}-{n}.html"), arguments) for n in range(TRIES[name]))
            pages[name] = min(tries, key=took)[0]
        for name, page in pages.items():
            for scheme in ("light", "dark"):
                photograph(browser, page, name, scheme)


def demo(browser: Page) -> None:
    """Take a picture of the demo's page after a stream, from the top of the page to the first event."""
    with Running("demo", "--port", "0") as running:
        browser.size(WIDTH, 800)
        browser.visit(running.page)
        browser.click("#go")  # a server's first request is slower than the others
        browser.wait_for("document.querySelector('#verdict').innerText")
        browser.click("#clear")
        browser.click("#tab-stream")
        browser.click("#go")
        browser.wait_for("document.querySelector('#verdict').innerText")
        browser.wait_for("document.querySelectorAll('.why').length === 3 && document.querySelector('.cgi .event.exit')")
        browser.click("h1")
        browser.evaluate(USUAL_PATHS)
        for scheme in ("light", "dark"):
            browser.size(WIDTH, 800, dark=scheme == "dark")
            browser.wait_for("document.getAnimations().length === 0")
            last = "document.querySelector('.cgi .requests li')"
            height = browser.evaluate(f"{last}.getBoundingClientRect().bottom + scrollY")
            browser.size(WIDTH, round(height), dark=scheme == "dark")
            browser.screenshot(IMAGES / f"demo-{scheme}.png", whole=False)
            print(IMAGES / f"demo-{scheme}.png")


def compare(page: Path, comparison: str) -> Path:
    """Return the page of a comparison."""
    arguments = ("--from", comparison) if comparison else SHORT
    command = [sys.executable, "-m", "gateways", "compare", *arguments, "--html", str(page)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return page


def make(page: Path, arguments: tuple[str, ...]) -> tuple[Path, float]:
    """Create a page with a command. Return the page, and the total milliseconds of its request."""
    command = [sys.executable, "-m", "gateways", *arguments, "--json", "--html", str(page)]
    made = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return page, made["response"]["total_ms"] if "response" in made else 0.0


def took(made: tuple[Path, float]) -> float:
    """Return the milliseconds of a page: its key in the choice of the fastest run, which was disturbed least."""
    return made[1]


def photograph(browser: Page, page: Path, name: str, scheme: str) -> None:
    """Take a picture of a page, from its top to the end of an element."""
    image = IMAGES / f"{name}-{scheme}.png"
    browser.size(WIDTH, 800, dark=scheme == "dark")
    browser.open(page)
    browser.evaluate(BEFORE[name])
    height = browser.evaluate(f"document.querySelector('{BOTTOM[name]}').getBoundingClientRect().bottom + scrollY")
    browser.size(WIDTH, round(height) + 28, dark=scheme == "dark")
    browser.screenshot(image, whole=False)
    print(image)


if __name__ == "__main__":
    main(*sys.argv[1:])
