"""Quart: sessions, files with ranges, uploads and streams."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, redirect, request, send_file, session

from tests.real.native.apps.place import prepare

STATIC = prepare()
app = Quart("native")
app.secret_key = "the same on each server"


@app.get("/")
async def page() -> str:
    return "<h1>A page</h1>" + " of words" * 200


@app.get("/file")
async def file() -> Response:
    return await send_file(STATIC / "page.txt", conditional=True)


@app.post("/form")
async def form() -> dict[str, Any]:
    return dict(await request.form)


@app.post("/upload")
async def upload() -> dict[str, Any]:
    files = {name: hashlib.sha256(each.read()).hexdigest() for name, each in (await request.files).items()}
    return {"files": files, "body": hashlib.sha256(await request.body).hexdigest()}


@app.get("/stream")
async def stream() -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        for number in range(4):
            yield b"%d\n" % number
            await asyncio.sleep(0.15)

    return Response(blocks(), mimetype="text/plain")


@app.get("/echo")
async def echo() -> str:
    return request.args["word"]


@app.get("/session")
async def counted() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return f"visit {session['visits']}"


@app.get("/redirect")
async def away() -> Any:
    return redirect("/echo?word=there")


@app.get("/error")
async def error() -> str:
    raise RuntimeError("as planned")
