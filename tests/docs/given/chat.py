"""A FastAPI app with a WebSocket, which the pages use."""

from fastapi import FastAPI, WebSocket

app = FastAPI()


@app.websocket("/ws")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"you said: {await websocket.receive_text()}")
    await websocket.close()
