"""An ASGI app that echoes over WebSockets, behind ASGIToWSGI; /held reports the resources of its process."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psutil
from fastapi import FastAPI, WebSocket

from gateways.adapters import ASGIToWSGI

api = FastAPI()


@api.get("/held")
async def held() -> dict[str, Any]:
    return {
        "descriptors": psutil.Process().num_fds(),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "websockets": app._places.taken,
        "resident": psutil.Process().memory_info().rss,
    }


@api.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = ASGIToWSGI(api)
