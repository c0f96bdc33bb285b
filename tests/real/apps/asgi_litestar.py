"""A Litestar app: the routes common to all apps of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from litestar import Litestar, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State, UploadFile
from litestar.enums import MediaType, RequestEncodingType
from litestar.params import Body
from litestar.response import File, Stream

from tests.real.apps.asgi_records import DOWNLOAD, Digest, blocks, breaking, digest, events, note, work


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    note("litestar startup")
    app.state.greeting = "from the lifespan"
    yield
    note("litestar shutdown")


@get("/hello", media_type=MediaType.TEXT)
async def hello() -> str:
    return "hello from litestar"


@post("/form", status_code=200)
async def form(request: Request[Any, Any, Any]) -> dict[str, Any]:
    sent = await request.form()
    return {"name": sent["name"], "tags": sent.getall("tag")}


@post("/files", status_code=200)
async def files(data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]) -> dict[str, Any]:
    file: UploadFile = data["file"]
    return {"note": data["note"], "filename": file.filename, **digest(await file.read())}


@post("/upload", status_code=200, request_max_body_size=None)
async def upload(request: Request[Any, Any, Any]) -> dict[str, Any]:
    received = Digest()
    async for block in request.stream():
        received.feed(block)
    return received.report()


@get("/stream", media_type=MediaType.TEXT)
async def stream(count: int = 3) -> Stream:
    return Stream(blocks(count))


@get("/events", media_type="text/event-stream")
async def server_sent_events() -> Stream:
    return Stream(events("litestar"))


@get("/download", media_type="application/octet-stream")
async def download() -> File:
    return File(DOWNLOAD, filename="download.bin")


@get("/state")
async def state(state: State) -> dict[str, str]:
    return {"greeting": state.greeting}


@get("/background")
async def background() -> Response[dict[str, str]]:
    return Response({"status": "working"}, background=BackgroundTask(work, "litestar"))


@get("/fails")
async def fails() -> None:
    raise RuntimeError("broken down")


@get("/breaks")
async def breaks() -> Stream:
    return Stream(breaking())


@get("/login")
async def login() -> Response[str]:
    response = Response("")
    response.set_cookie("name", "ann")
    response.set_cookie("theme", "dark")
    return response


app = Litestar(
    [hello, form, files, upload, stream, server_sent_events, download, state, background, fails, breaks, login],
    lifespan=[lifespan],
)
