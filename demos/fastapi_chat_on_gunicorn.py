"""A FastAPI chat over WebSockets, on gunicorn's sync worker. The worker has one thread
for requests, and can still hold thousands of WebSockets.

Use this if you have only a WSGI server. When the app accepts a WebSocket, ASGIToWSGI
takes over the connection from gunicorn and serves it on its own event loop. Start only
one worker, because the chat room is in the memory of one process.

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
