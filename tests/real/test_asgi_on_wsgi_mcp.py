"""An MCP server over streamable HTTP on each WSGI server, with the protocol's own client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.real.websocket_servers import serving
from tests.real.wsgi_servers import Site


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_listed_and_called(wsgi: Site, mode: Any) -> None:
    """In legacy mode the client keeps a stream open beside its requests, and requests share a session."""
    if wsgi.name.startswith("gunicorn-sync"):
        pytest.skip("sync workers share no session, and one open stream occupies a worker")

    asyncio.run(asyncio.wait_for(_talk(wsgi.server.url, mode), 60))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_with_detach_one_sync_worker_serves_several_clients_with_open_streams(mode: Any) -> None:
    """The worker has one thread for requests; each client's stream would occupy it."""
    with serving("gunicorn sync", app="tests.real.apps.asgi_mcp:detaching") as server:

        async def both() -> None:
            await asyncio.gather(_talk(server.url, mode), _talk(server.url, mode))

        asyncio.run(asyncio.wait_for(both(), 30))


async def _talk(url: str, mode: Any) -> None:
    from mcp import Client  # half a second, which each worker would spend while it collects the tests

    reached: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reached.append(progress)

    async with Client(f"{url}/mcp", mode=mode, read_timeout_seconds=30) as client:
        tools = await client.list_tools()
        assert sorted(tool.name for tool in tools.tools) == ["add", "count"]
        answer: Any = await client.call_tool("add", {"one": 2, "two": 3})
        assert answer.content[0].text == "5"
        answer = await client.call_tool("count", {"to": 3}, progress_callback=note)
        assert answer.content[0].text == "counted"
        assert reached == [1, 2, 3]
