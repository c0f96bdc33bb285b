"""Makes the pictures of README.md: `make images`, or `python -m tests.real.pictures`.

The pages are made by the commands, and photographed in Chromium, light and dark.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.chromium import Page, chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH = 1080
PAGES = {
    "trace": ("trace", "gateways.wsgi.app:app", "--server", "uvicorn", "--path", "/hello?name=you"),
    "timeline": ("timeline",),
}
TRIES = {"trace": 10, "timeline": 1}
BOTTOM = {"trace": ".diagram", "timeline": ".bars"}
"""The last element of a page that is in its picture."""


def main() -> None:
    """Make all of them."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        browser.do("Emulation.setScrollbarsHidden", hidden=True)
        for name, arguments in PAGES.items():
            page = min((make(Path(folder, f"{name}-{n}.html"), arguments) for n in range(TRIES[name])), key=took)
            for scheme in ("light", "dark"):
                photograph(browser, page, BOTTOM[name], scheme, IMAGES / f"{name}-{scheme}.png")


def make(page: Path, arguments: tuple[str, ...]) -> tuple[Path, float]:
    """A page, and the milliseconds that its request took in total."""
    command = [sys.executable, "-m", "gateways", *arguments, "--json", "--html", str(page)]
    made = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return page, made["response"]["total_ms"] if "response" in made else 0.0


def took(made: tuple[Path, float]) -> float:
    """Another program that runs on this machine shows in a picture: the fastest has least of it."""
    return made[1]


def photograph(browser: Page, made: tuple[Path, float], bottom: str, scheme: str, image: Path) -> None:
    """A page from its top to the end of an element."""
    browser.size(WIDTH, 800, dark=scheme == "dark")
    browser.open(made[0])
    browser.evaluate("document.querySelector('#close')?.click()")
    height = browser.evaluate(f"document.querySelector('{bottom}').getBoundingClientRect().bottom + scrollY")
    browser.size(WIDTH, round(height) + 28, dark=scheme == "dark")
    browser.screenshot(image, whole=False)
    print(image)


if __name__ == "__main__":
    main()
