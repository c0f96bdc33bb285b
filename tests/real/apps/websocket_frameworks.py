"""ASGI frameworks with an echo at /ws, each behind ASGIToWSGI: Starlette, Litestar, Quart, python-socketio."""

from __future__ import annotations

import socketio
from litestar import Litestar, WebSocket
from litestar.handlers import WebsocketListener
from quart import Quart, websocket
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute

from gateways.adapters import ASGIToWSGI


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_receive(self, websocket: object, data: str) -> None:
        await websocket.send_text(data)  # type: ignore[attr-defined]


starlette = ASGIToWSGI(Starlette(routes=[WebSocketRoute("/ws", Echo)]))


class Listener(WebsocketListener):
    path = "/ws"

    def on_receive(self, data: str) -> str:
        return data

    async def on_accept(self, socket: WebSocket) -> None:  # type: ignore[type-arg]
        pass


litestar = ASGIToWSGI(Litestar([Listener]))

app = Quart(__name__)


@app.websocket("/ws")
async def ws() -> None:
    while True:
        await websocket.send(await websocket.receive())


quart = ASGIToWSGI(app)

io = socketio.AsyncServer(async_mode="asgi")


async def say(sid: str, text: str) -> str:
    return text.upper()


io.on("say", say)
socket_io = ASGIToWSGI(socketio.ASGIApp(io))
