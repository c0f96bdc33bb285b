"""The ASGI servers that tests run WSGI apps on, and a client for the apps behind tests/real/apps/wsgi_all.py.

Knows servers' names and options. It must not know what is asked of them.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.real.serving import Running, serve

ASGI_SERVERS: Mapping[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", "--loop", "uvloop", "--http", "httptools"),
    "uvicorn-h11": ("uvicorn", "--loop", "asyncio", "--http", "h11"),
    "hypercorn": ("hypercorn",),
    "hypercorn-trio": ("hypercorn", "--worker-class", "trio"),
    "granian": ("granian-asgi",),
    "daphne": ("daphne",),
    "gunicorn": ("gunicorn", "--worker-class", "asgi"),
}
"""Each as serve() wants it: the name of the server, and options."""

FRAMEWORKS = ("flask", "django", "bottle", "falcon", "pyramid")


class Site:
    """A server with tests.real.apps.wsgi_all:app on it."""

    def __init__(self, server: Running, client: httpx.Client) -> None:
        self.server, self._client = server, client

    def ask(self, framework: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Make a request of httpx's arguments to one framework's app; its whole response."""
        headers = {"Host": f"{framework}.test", **more.pop("headers", {})}
        self._client.cookies.clear()
        return self._client.request(method, self.server.url + path, headers=headers, **more)

    def get(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "GET", path, **more)

    def post(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "POST", path, **more)

    @contextlib.contextmanager
    def streaming(self, framework: str, path: str) -> Iterator[Iterator[bytes]]:
        """The body as it comes; the connection ends with the block."""
        request = {"headers": {"Host": f"{framework}.test"}, "timeout": 10}
        with httpx.stream("GET", self.server.url + path, trust_env=False, **request) as response:  # type: ignore[arg-type]
            yield response.iter_raw()

    def report(self) -> dict[str, Any]:
        """What the server's process says of itself."""
        response = self.get("wsgi", "/")
        assert response.status_code == 200, response.text
        report: dict[str, Any] = response.json()
        return report

    def count(self, what: str) -> int:
        """How often `what` has happened in the server's process (tests/real/apps/wsgi_records.py)."""
        return int(self.report()["counts"].get(what, 0))


@contextlib.contextmanager
def site(server: str, *options: str, download: Path | None = None, **more: Any) -> Iterator[Site]:
    """Run one of ASGI_SERVERS with all apps; `download` is the file they give, `more` is for serve()."""
    name, *others = ASGI_SERVERS[server]
    env = {**os.environ, **({"DOWNLOAD": str(download)} if download else {})}
    app = more.pop("app", "tests.real.apps.wsgi_all:app")
    with (
        serve(app, name, *others, *options, env=env, **more) as running,
        httpx.Client(timeout=20, trust_env=False) as client,
    ):
        yield Site(running, client)
