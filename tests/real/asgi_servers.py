"""The ASGI servers for WSGI apps in tests, and a client for the apps of tests/real/apps/wsgi_all.py.

Knows the names and options of servers. It must not know the requests.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.real.client import KEPT
from tests.real.serving import Running, eventually, serve

ASGI_SERVERS: Mapping[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", "--loop", "uvloop", "--http", "httptools"),
    "uvicorn-h11": ("uvicorn", "--loop", "asyncio", "--http", "h11"),
    "hypercorn": ("hypercorn",),
    "hypercorn-trio": ("hypercorn", "--worker-class", "trio"),
    "granian": ("granian-asgi",),
    "daphne": ("daphne",),
    "gunicorn": ("gunicorn", "--worker-class", "asgi"),
}
"""The arguments of serve(): the name of the server, and options."""

BUFFERING = ("daphne",)
"""Servers that collect a request's whole body before they call the app, and buffer its whole response if the client
does not read: the data is in the server's memory or on its disk (test_wsgi_on_asgi_memory.py)."""

FRAMEWORKS = ("flask", "django", "bottle", "falcon", "pyramid")
DOWNLOAD = b"0123456789abcdef" * 64 * 1024  # the content of /download


def only(*servers: str) -> pytest.MarkDecorator:
    """Run a test on these servers only."""
    return pytest.mark.parametrize("asgi", servers, indirect=True, scope="session")


streaming_servers = only(*(name for name in ASGI_SERVERS if name not in BUFFERING))


class Site:
    """A server with tests.real.apps.wsgi_all:app on it."""

    def __init__(self, name: str, server: Running, client: httpx.Client) -> None:
        self.name, self.server, self._client = name, server, client

    def ask(self, framework: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Make a request with httpx's arguments to one framework's app; return the complete response."""
        headers = {"Host": f"{framework}.test", **more.pop("headers", {})}
        self._client.cookies.clear()
        return self._client.request(method, self.server.url + path, headers=headers, **more)

    def get(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "GET", path, **more)

    def post(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "POST", path, **more)

    @contextlib.contextmanager
    def streaming(self, framework: str, path: str) -> Iterator[Iterator[bytes]]:
        """Yield the streaming response; the connection ends with the block."""
        request = {"headers": {"Host": f"{framework}.test"}, "timeout": 10}
        with httpx.stream("GET", self.server.url + path, trust_env=False, **request) as response:  # type: ignore[arg-type]
            yield response.iter_raw()

    def report(self) -> dict[str, Any]:
        """Return the server process's report about itself."""
        response = self.get("wsgi", "/")
        assert response.status_code == 200, response.text
        report: dict[str, Any] = response.json()
        return report

    def count(self, what: str) -> int:
        """Return the count of `what` in the server's process (tests/real/apps/wsgi_records.py)."""
        return int(self.report()["counts"].get(what, 0))

    def expect_streams_closed(self) -> None:
        """Assert that every started stream is closed soon, on its own thread."""
        counts: dict[str, int] = {}

        def closed() -> bool:
            counts.update(self.report()["counts"])
            return counts.get("streams closed", 0) == counts.get("streams begun", 0)

        eventually(closed, "all streams are closed")
        assert counts.get("calls on a foreign thread", 0) == 0


@contextlib.contextmanager
def site(server: str, *options: str, app: str = "tests.real.apps.wsgi_all:app") -> Iterator[Site]:
    """Run one of ASGI_SERVERS with all apps, or with another target, and with further `options`."""
    name, *others = ASGI_SERVERS[server]
    with (
        tempfile.NamedTemporaryFile(prefix="download-") as file,
        httpx.Client(timeout=60, trust_env=False, limits=KEPT) as client,
    ):
        file.write(DOWNLOAD)
        file.flush()
        with serve(app, name, *others, *options, env={**os.environ, "DOWNLOAD": file.name}) as running:
            yield Site(server, running, client)
