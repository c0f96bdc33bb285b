"""A file that changes as soon as FileResponse has returned: each of eight concurrent clients gets its own report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.real.apps.asgi_files import SIZE
from tests.real.client import KEPT
from tests.real.wsgi_servers import site

CLIENTS, REQUESTS = 8, 15
SERVERS = (
    "waitress",
    "gunicorn-sync",
    "gunicorn-gthread",
    "cheroot",
    "gunicorn-gevent",
    "uwsgi",
    "mod_wsgi",
    "wsgiref",
)


@pytest.mark.parametrize("kind", ["by_path", "by_blocks"])
@pytest.mark.parametrize("name", SERVERS)
def test_each_client_gets_its_own_file(name: str, kind: str) -> None:
    with site(name, app=f"tests.real.apps.asgi_files:{kind}") as running:

        def ask(client: int) -> list[str]:
            wrong = []
            with httpx.Client(timeout=20, trust_env=False, limits=KEPT) as http:
                for number in range(REQUESTS):
                    how = ("truncate", "in place", "replace", "unlink")[number % 4]
                    token = f"{client:03}-{number:03};"  # 8 octets, and SIZE is a multiple
                    response = http.get(f"{running.server.url}/report", params={"how": how, "user": token})
                    if (response.status_code, response.text) != (200, token * (SIZE // 8)):
                        wrong.append(f"{how}: {response.status_code} {response.text[:8]}, not {token}")
            return wrong

        with ThreadPoolExecutor(CLIENTS) as pool:
            assert [one for wrong in pool.map(ask, range(CLIENTS)) for one in wrong] == []
