"""A FastAPI app with traps: a lifespan, a blocking view, background work, endless events, a WebSocket, a signal."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, UploadFile, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

KEY = os.environ.get("SHOP_SECRET_KEY", "")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ready = True
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, write_log)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index() -> PlainTextResponse:
    return PlainTextResponse("hello", headers={"keep-alive": "timeout=5"})


@app.get("/blocking")
async def blocking() -> str:
    time.sleep(0.15)  # noqa: ASYNC251 - the trap
    return "done"


def write_log() -> None:
    """Work after the response."""


@app.get("/order")
def order(tasks: BackgroundTasks) -> str:
    tasks.add_task(write_log)
    return "ordered"


async def deliver() -> None:
    await asyncio.sleep(30)


@app.get("/deliver")
async def start_delivery() -> str:
    app.state.delivery = asyncio.create_task(deliver())
    return "on its way"


@app.get("/events")
async def events() -> StreamingResponse:
    async def forever() -> AsyncIterator[str]:
        while True:
            yield "data: tick\n\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(forever(), media_type="text/event-stream")


@app.post("/photo")
async def photo(file: UploadFile) -> int:
    return len(await file.read())


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
