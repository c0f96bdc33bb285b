"""Headless Chromium, controlled with its DevTools protocol: pages, their console messages, mouse and keys, screenshots.

Knows Chromium's command line and the protocol. It must not know the contents of the pages.
"""

import base64
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.programs import require_program

PATIENCE = 30.0
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--disable-default-apps", "--disable-extensions", "--remote-debugging-port=0", "--remote-allow-origins=*"),
)
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}

PLAIN: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None}
"""The connection to the browser. Without pings, because no code responds to them during other waits."""


@dataclass
class Page:
    """A tab. It records errors and network requests."""

    _connection: ClientConnection
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _loaded: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and return its result."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self._take()
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                result: dict[str, Any] = message["result"]
                return result

    def _take(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=PATIENCE))
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.errors.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.errors.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Page.lifecycleEvent" and parameters["name"] == "load":
            self._loaded.add(parameters["loaderId"])
        return message

    def take_errors(self) -> list[str]:
        """Return the errors since the last call. Each test calls this, so its errors do not fail the next test."""
        errors, self.errors = self.errors, []
        return errors

    def open(self, file: Path) -> None:
        """Load a file completely."""
        self.visit(file.resolve().as_uri())

    def visit(self, url: str) -> None:
        """Load a page completely."""
        loader = self.do("Page.navigate", url=url)["loaderId"]
        while loader not in self._loaded:  # the previous page may be reported as loaded only now
            self._take()

    def size(self, width: int, height: int, dark: bool = False, phone: bool = False) -> None:
        """Set the size of the screen, in CSS pixels."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", media="screen", features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        done = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait_for(self, condition: str, seconds: float = PATIENCE) -> Any:
        """Wait until a JavaScript expression is true, and return its value."""
        until = time.monotonic() + seconds
        while (value := self.evaluate(f"({condition}) || null")) is None:  # the value of an element is {}
            assert time.monotonic() < until, (condition, self.errors)
            time.sleep(0.03)
        return value

    def click(self, selector: str) -> None:
        """Click on the middle of an element, after scrolling to it if necessary."""
        box = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{box}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.evaluate(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Type into the focused element, replacing the selection."""
        self.do("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
            text = {"text": "\r"} if kind == "char" else {}
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **text)

    def screenshot(self, file: Path, whole: bool = True) -> None:
        """Return a picture of the whole page, or of its first screen."""
        done = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(done["data"]))

    def pdf(self) -> bytes:
        """Return the printed page."""
        return base64.b64decode(self.do("Page.printToPDF", printBackground=True)["data"])


@contextmanager
def chromium() -> Iterator[Page]:
    """Yield a browser with one page; terminate all its processes afterwards."""
    program = require_program("chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            with connect(_address(Path(folder)), **PLAIN, open_timeout=PATIENCE) as browser:
                root = Page(browser)
                target = root.do("Target.createTarget", url="about:blank")["targetId"]
                base = _address(Path(folder)).partition("/devtools")[0]
                with connect(f"{base}/devtools/page/{target}", **PLAIN) as connection:
                    page = Page(connection)
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        page.do(f"{domain}.enable")
                    page.do("Page.setLifecycleEventsEnabled", enabled=True)
                    yield page
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=PATIENCE)


def _address(folder: Path) -> str:
    """Wait for the address of the browser, and return it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(FileNotFoundError):
            lines = (folder / "DevToolsActivePort").read_text().splitlines()
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise AssertionError("Chromium does not say where it listens")
