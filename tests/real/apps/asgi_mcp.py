"""An MCP server over streamable HTTP: its lifespan keeps sessions across requests; it responds with events."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

from gateways.adapters import ASGIToWSGI

mcp = MCPServer("tools")


@mcp.tool()
def add(one: int, two: int) -> int:
    """The sum."""
    return one + two


@mcp.tool()
async def count(to: int, context: Context) -> str:
    """Reports progress during the call."""
    for number in range(to):
        await context.report_progress(number + 1, to)
    return "counted"


app = mcp.streamable_http_app()
detaching = ASGIToWSGI(app, detach=True)
