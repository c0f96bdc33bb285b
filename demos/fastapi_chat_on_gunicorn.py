"""A FastAPI chat over WebSockets, on gunicorn's plain sync worker: one thread for
requests, and thousands of WebSockets beside it.

You want this where a WSGI server is all that there is. When the app accepts a WebSocket,
ASGIToWSGI takes its connection out of gunicorn's hands and serves it on its own event
loop. One worker, because the people in the room are in one process.

    $ gunicorn --worker-class sync --threads 1 demos.fastapi_chat_on_gunicorn:app
    $ python -m websockets ws://localhost:8000/chat/mina
    $ curl localhost:8000/
"""

import threading

from fastapi import FastAPI, WebSocket

from gateways.adapters import ASGIToWSGI

api = FastAPI()
here: dict[str, WebSocket] = {}


@api.get("/")
async def count() -> dict[str, int]:
    return {"here": len(here), "threads": threading.active_count()}


@api.websocket("/chat/{name}")
async def chat(websocket: WebSocket, name: str) -> None:
    if name in here:
        await websocket.close(4000, "this name is taken")
        return
    await websocket.accept()
    here[name] = websocket
    try:
        async for text in websocket.iter_text():
            for each in list(here.values()):
                await each.send_text(f"{name}: {text}")
    finally:
        del here[name]


app = ASGIToWSGI(api, websockets=1000)
