"""A FastAPI app for websocket_checks.py, as ASGI (`api`) and behind ASGIToWSGI (`app`)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse

from gateways.adapters import ASGIToWSGI

api = FastAPI()
noted: list[Any] = []
room: set[WebSocket] = set()


@api.get("/noted")
async def what_was_noted() -> list[Any]:
    return noted


@api.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                noted.append([message["code"], message.get("reason") or ""])
                return
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        noted.append(["left", ""])


@api.websocket("/subprotocol")
async def subprotocol(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="chat.v2", headers=[(b"x-room", b"7")])
    await websocket.send_text("ready")


@api.websocket("/close")
async def close(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("last")
    await websocket.close(4321, "enough")


@api.websocket("/close-long")
async def close_long(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(4123, "é" * 61 + "x")


@api.websocket("/cookies")
async def cookies(websocket: WebSocket) -> None:
    await websocket.accept(headers=[(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; HttpOnly")])


@api.websocket("/deny")
async def deny(websocket: WebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("not you", 403, {"X-Why": "rules"}))


@api.websocket("/fail-before")
async def fail_before(websocket: WebSocket) -> None:
    raise RuntimeError("an error before accept")


@api.websocket("/fail-after")
async def fail_after(websocket: WebSocket) -> None:
    await websocket.accept()
    raise RuntimeError("an error after accept")


@api.websocket("/room")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    room.add(websocket)
    try:
        await websocket.send_text("welcome")
        async for text in websocket.iter_text():
            for other in list(room):
                await other.send_text(text)
    finally:
        room.discard(websocket)


@api.websocket("/flood")
async def flood(websocket: WebSocket) -> None:
    await websocket.accept()
    for _ in range(320):
        await websocket.send_bytes(bytes(64 * 1024))


app = ASGIToWSGI(api)
