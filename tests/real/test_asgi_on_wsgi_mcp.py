"""An MCP server over streamable HTTP on each WSGI server, with the protocol's own client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import Client

from tests.real.wsgi_servers import Site


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_listed_and_called(wsgi: Site, mode: Any) -> None:
    """In legacy mode the client keeps a stream open beside its requests, and requests share a session."""
    if wsgi.name.startswith("gunicorn-sync"):
        pytest.skip("sync workers share no session, and one open stream occupies a worker")

    async def talk() -> None:
        reached: list[float] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            reached.append(progress)

        async with Client(f"{wsgi.server.url}/mcp", mode=mode, read_timeout_seconds=10) as client:
            tools = await client.list_tools()
            assert sorted(tool.name for tool in tools.tools) == ["add", "count"]
            answer: Any = await client.call_tool("add", {"one": 2, "two": 3})
            assert answer.content[0].text == "5"
            answer = await client.call_tool("count", {"to": 3}, progress_callback=note)
            assert answer.content[0].text == "counted"
            assert reached == [1, 2, 3]

    asyncio.run(asyncio.wait_for(talk(), 30))
