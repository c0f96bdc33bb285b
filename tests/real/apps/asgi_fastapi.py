"""A FastAPI app: the routes common to all apps of this folder, and FastAPI's own features."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import (
    BackgroundTasks,
    Depends,
    FastAPI,
    File,
    Form,
    HTTPException,
    Request,
    Response,
    UploadFile,
    WebSocket,
)
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field

from tests.real.apps.asgi_records import DOWNLOAD, Digest, blocks, breaking, digest, events, note, work


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
    note("fastapi startup")
    yield {"greeting": "from the lifespan"}
    note("fastapi shutdown")


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[str]:
    """A dependency that must be closed."""
    note("fastapi session opened")
    try:
        yield "a session"
    finally:
        note("fastapi session closed")


Session = Annotated[str, Depends(session)]


class Item(BaseModel):
    """The body of /items."""

    name: str
    price: float = Field(gt=0)


@app.get("/hello")
async def hello() -> Response:
    return Response("hello from fastapi", media_type="text/plain")


@app.get("/sync")
def sync(session: Session) -> dict[str, str]:
    return {"session": session}


@app.post("/items")
async def items(item: Item, session: Session) -> dict[str, Any]:
    return {"item": item.model_dump(), "session": session}


@app.get("/items/{number}")
async def one_item(number: int, session: Session) -> dict[str, int]:
    if number == 0:
        raise HTTPException(404, "no such item")
    return {"number": number}


@app.post("/form")
async def form(name: Annotated[str, Form()], tag: Annotated[list[str], Form()]) -> dict[str, Any]:
    return {"name": name, "tags": tag}


@app.post("/files")
async def files(note: Annotated[str, Form()], file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    return {"note": note, "filename": file.filename, **digest(await file.read())}


@app.post("/upload")
async def upload(request: Request) -> dict[str, Any]:
    received = Digest()
    async for block in request.stream():
        received.feed(block)
    return received.report()


@app.get("/stream")
async def stream(count: int = 3) -> StreamingResponse:
    return StreamingResponse(blocks(count), media_type="text/plain")


@app.get("/events")
async def server_sent_events(session: Session) -> StreamingResponse:
    headers = {"Connection": "keep-alive", "Cache-Control": "no-store"}  # as in many examples on the web
    return StreamingResponse(events("fastapi"), media_type="text/event-stream", headers=headers)


@app.get("/download")
async def download() -> FileResponse:
    return FileResponse(DOWNLOAD, filename="download.bin")


@app.get("/state")
async def state(request: Request) -> dict[str, str]:
    return {"greeting": request.state.greeting}


@app.get("/background")
async def background(tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(work, "fastapi")
    return {"status": "working"}


@app.get("/fails")
async def fails() -> None:
    raise RuntimeError("broken down")


@app.get("/breaks")
async def breaks() -> StreamingResponse:
    return StreamingResponse(breaking())


@app.get("/login")
async def login(response: Response) -> dict[str, str]:
    response.set_cookie("name", "ann")
    response.set_cookie("theme", "dark")
    return {}


@app.get("/connected")
async def connected(request: Request) -> dict[str, bool]:
    return {"disconnected": await request.is_disconnected()}


@app.websocket("/ws")
async def ws(websocket: WebSocket) -> None:
    await websocket.accept()
