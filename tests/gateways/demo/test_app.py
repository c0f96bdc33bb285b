"""The page's server in process: its files and their headers, the feed, runs, and refused requests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from gateways.demo.app import Page
from gateways.demo.link import Lane, Lanes

HOST = "127.0.0.1:8003"
LANES = Lanes((Lane("asgi", "uvicorn", "0.5", "one loop", ("127.0.0.1", 1)),), "127.0.0.1", quiet=False)
"""No server listens on port 1."""


class Client:
    """Call an app like a server. The client of the request stays connected until leave()."""

    def __init__(self, app: Page, method: str, path: str, **headers: str) -> None:
        path, _, query = path.partition("?")
        pairs = {"host": HOST, **headers}.items()
        self._scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs],
        }  # fmt: skip
        self._app = app
        self._messages = [{"type": "http.request", "body": b""}]
        self.leaves = asyncio.Event()
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def _receive(self) -> dict[str, Any]:
        if not self._messages:
            await self.leaves.wait()
            return {"type": "http.disconnect"}
        return self._messages.pop()

    async def ask(self) -> tuple[int, dict[str, str], bytes]:
        """Return the whole response."""
        await self._app(self._scope, self._receive, self.sent.put)
        start, *rest = [self.sent.get_nowait() for _ in range(self.sent.qsize())]
        assert not rest[-1].get("more_body")
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, b"".join(each.get("body", b"") for each in rest)

    def begin(self) -> "asyncio.Task[None]":
        """Start the request without waiting."""

        async def asking() -> None:
            await self._app(self._scope, self._receive, self.sent.put)

        return asyncio.create_task(asking())

    async def next(self) -> bytes:
        """Return the next piece of a body."""
        while True:
            message = await asyncio.wait_for(self.sent.get(), 10)
            if message["type"] == "http.response.body":
                octets: bytes = message["body"]
                return octets


def run(main: Callable[[Page], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(Page(LANES)), 20)

    asyncio.run(bounded())


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page.css", "text/css"), ("/main.js", "text/javascript")]
)
def test_its_files_may_not_load_foreign_resources_or_be_framed(path: str, kind: str) -> None:
    async def main(page: Page) -> None:
        status, headers, body = await Client(page, "GET", path).ask()
        assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert len(body) == int(headers["content-length"]) > 1000
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert not [name for name in headers if name.startswith("access-control")]

    run(main)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/app.py", {}, 404),
        ("GET", "/../app.py", {}, 404),
        ("GET", "/run/hello", {}, 404),
        ("POST", "/run/nonsense", {"origin": f"http://{HOST}"}, 404),
        ("POST", "/run/stream?chunks=1000", {"origin": f"http://{HOST}"}, 400),
        ("POST", "/run/hello", {}, 403),
        ("POST", "/run/hello", {"origin": "http://evil.example"}, 403),
        ("GET", "/", {"host": "evil.example"}, 403),
        ("GET", "/feed", {"host": "evil.example"}, 403),
        ("GET", "/feed", {"origin": "http://127.0.0.1:8000"}, 403),
    ],
)
def test_requests_of_other_origins_are_refused(method: str, path: str, headers: dict[str, str], status: int) -> None:
    async def main(page: Page) -> None:
        answered, _, body = await Client(page, method, path, **headers).ask()
        assert answered == status
        assert body.endswith(b"\n")

    run(main)


def test_the_feed_describes_the_lanes_and_then_sends_events_until_the_page_disconnects() -> None:
    async def main(page: Page) -> None:
        page.feed.add([{"n": 1}])
        client = Client(page, "GET", "/feed")
        feeding = client.begin()
        kind, data = (await client.next()).decode().strip().split("\n")
        assert kind == "event: lanes"
        assert json.loads(data.removeprefix("data: "))["lanes"][0]["url"] == "http://127.0.0.1:1"
        assert await client.next() == b'id: 1\ndata: [{"n":1}]\n\n'
        page.feed.add([{"n": 2}, {"n": 3}])
        assert await client.next() == b'id: 3\ndata: [{"n":2},{"n":3}]\n\n'
        client.leaves.set()
        await feeding
        assert len(asyncio.all_tasks()) <= 2  # this task, and the task of asyncio.wait_for

    run(main)


@pytest.mark.parametrize(("path", "headers"), [("/feed?after=1", {}), ("/feed?after=0", {"last_event_id": "1"})])
def test_a_page_that_reconnects_gets_the_missed_events(path: str, headers: dict[str, str]) -> None:
    async def main(page: Page) -> None:
        page.feed.add([{"n": 1}, {"n": 2}])
        client = Client(page, "GET", path, **headers)
        feeding = client.begin()
        await client.next()
        assert await client.next() == b'id: 2\ndata: [{"n":2}]\n\n'
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding

    run(main)


@pytest.mark.parametrize("last", ["x", "-1", "", "9" * 40])
def test_an_invalid_event_number_returns_all_events(last: str) -> None:
    async def main(page: Page) -> None:
        page.feed.add([{"n": 1}])
        client = Client(page, "GET", "/feed", last_event_id=last)
        client.begin()
        await client.next()
        assert await client.next() == b'id: 1\ndata: [{"n":1}]\n\n'
        client.leaves.set()

    run(main)


def test_a_run_without_servers_reports_it_and_ends() -> None:
    async def main(page: Page) -> None:
        origin = f"http://{HOST}"
        status, headers, body = await Client(page, "POST", "/run/hello?name=x", origin=origin).ask()
        assert (status, headers["content-type"]) == (200, "application/x-ndjson")
        began, failed = map(json.loads, body.splitlines())
        assert (began["what"], began["target"]) == ("began", "/hello?name=x")
        assert (failed["what"], failed["lane"], failed["client"]) == ("failed", "asgi", 0)

    run(main)


def test_a_chat_of_another_origin_is_refused_before_it_begins() -> None:
    async def main(page: Page) -> None:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"host", HOST.encode()), (b"origin", b"http://evil.example")]
        await page({"type": "websocket", "path": "/chat", "headers": headers}, receive, send)
        assert [message["type"] for message in sent] == ["websocket.close"]

    run(main)
