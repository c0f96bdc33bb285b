"""A Quart app: the routes common to all apps of this folder."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from quart import Quart, Response, current_app, request, send_file

from tests.real.apps.asgi_records import DOWNLOAD, Digest, blocks, breaking, digest, events, note, work

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = None


@app.while_serving
async def lifespan() -> AsyncGenerator[None, None]:
    note("quart startup")
    app.config["GREETING"] = "from the lifespan"
    yield
    note("quart shutdown")


@app.get("/hello")
async def hello() -> Response:
    return Response("hello from quart", content_type="text/plain")


@app.post("/form")
async def form() -> dict[str, Any]:
    sent = await request.form
    return {"name": sent["name"], "tags": sent.getlist("tag")}


@app.post("/files")
async def files() -> dict[str, Any]:
    sent, uploaded = await request.form, await request.files
    return {"note": sent["note"], "filename": uploaded["file"].filename, **digest(uploaded["file"].read())}


@app.post("/upload")
async def upload() -> dict[str, Any]:
    received = Digest()
    async for block in request.body:
        received.feed(block)
    return received.report()


@app.get("/stream")
async def stream() -> Response:
    return Response(blocks(int(request.args.get("count", 3))), content_type="text/plain")


@app.get("/events")
async def server_sent_events() -> Response:
    response = Response(events("quart"), content_type="text/event-stream")
    response.timeout = None
    return response


@app.get("/download")
async def download() -> Response:
    return await send_file(DOWNLOAD, mimetype="application/octet-stream")


@app.get("/state")
async def state() -> dict[str, str]:
    return {"greeting": current_app.config["GREETING"]}


@app.get("/background")
async def background() -> dict[str, str]:
    current_app.add_background_task(work, "quart")
    return {"status": "working"}


@app.get("/fails")
async def fails() -> Response:
    raise RuntimeError("broken down")


@app.get("/breaks")
async def breaks() -> Response:
    return Response(breaking())


@app.get("/login")
async def login() -> Response:
    response = Response("")
    response.set_cookie("name", "ann")
    response.set_cookie("theme", "dark")
    return response
