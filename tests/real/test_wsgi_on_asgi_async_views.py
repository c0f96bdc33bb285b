"""Async views of Flask and Django behind the adapter: they run on the server's own loop, concurrently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.real.asgi_servers import ASGI_SERVERS, Site, only

MANY = 20  # fewer than the adapter's threads, and more than one

on_asyncio = only(*(name for name in ASGI_SERVERS if "trio" not in name))
on_trio = only(*(name for name in ASGI_SERVERS if "trio" in name))


@on_asyncio
def test_async_views_run_on_the_servers_loop(asgi: Site) -> None:
    for framework in ("flask", "django"):
        assert asgi.get(framework, "/async").json() == {"shared": True}


@on_trio
def test_under_trio_async_views_run_on_an_asyncio_loop_of_asgiref(asgi: Site) -> None:
    for framework in ("flask", "django"):
        assert asgi.get(framework, "/async").json() == {"shared": False}


@on_asyncio
def test_many_async_views_of_both_frameworks_run_concurrently(asgi: Site) -> None:
    """Each waits for all others at an asyncio.Barrier, which belongs to one loop."""

    def meet(number: int) -> str:
        host = {"Host": ("flask.test", "django.test")[number % 2]}
        return httpx.get(f"{asgi.server.url}/async/meet?parties={MANY}", headers=host, timeout=20, trust_env=False).text

    with ThreadPoolExecutor(MANY) as clients:
        assert list(clients.map(meet, range(MANY))) == ["met"] * MANY
