"""An adapter that was created and used before gunicorn forks its workers works in each worker."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.real.asgi_servers import FRAMEWORKS, Site, site
from tests.real.serving import eventually

WORKERS = 2


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def preloaded(request: pytest.FixtureRequest) -> Iterator[Site]:
    options = ("--preload", "--workers", str(WORKERS), "--asgi-loop", request.param)
    with site("gunicorn", *options, app="tests.real.apps.wsgi_preloaded:app") as running:
        yield running


@contextlib.contextmanager
def workers(site: Site) -> Iterator[dict[int, httpx.Client]]:
    """Open a connection to each worker, by process id; which worker accepts is random."""
    found: dict[int, httpx.Client] = {}
    with contextlib.ExitStack() as stack:

        def all_found() -> bool:
            client = stack.enter_context(httpx.Client(base_url=site.server.url, timeout=20, trust_env=False))
            found.setdefault(pid(client), client)
            return len(found) == WORKERS

        eventually(all_found, f"{WORKERS} workers answer")
        yield found


def pid(client: httpx.Client) -> int:
    return int(client.get("/", headers={"Host": "wsgi.test"}).json()["pid"])


def test_each_worker_serves_pages_uploads_and_streams(preloaded: Site) -> None:
    with workers(preloaded) as clients:
        assert preloaded.server.process.pid not in clients
        for number, client in clients.items():
            for framework in FRAMEWORKS:
                host = {"Host": f"{framework}.test"}
                assert client.get("/hello", headers=host).text == f"hello from {framework}"
                assert client.post("/upload", headers=host, content=b"x" * 600_000).json()["length"] == 600_000
                assert len(client.get("/stream?blocks=50&size=1000", headers=host).content) == 50_000
            assert client.get("/async", headers={"Host": "flask.test"}).json() == {"shared": True}
            assert pid(client) == number  # it was the same connection


def test_a_replacement_worker_serves_too(preloaded: Site) -> None:
    with workers(preloaded) as before:
        killed = min(before)
    psutil.Process(killed).kill()
    with workers(preloaded) as after:
        assert killed not in after
        for client in after.values():
            assert client.get("/hello", headers={"Host": "flask.test"}).text == "hello from flask"
