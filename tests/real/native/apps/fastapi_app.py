"""FastAPI: each kind of response and parameter, dependencies with cleanup, background tasks, forms and files."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import BackgroundTasks, Cookie, Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from tests.real.native.apps.place import prepare

STATIC = prepare()
app = FastAPI(title="native")
app.mount("/static", StaticFiles(directory=STATIC))


async def connection() -> AsyncIterator[list[str]]:
    yield ["a connection"]


@app.get("/")
async def page(found: Annotated[list[str], Depends(connection)]) -> dict[str, Any]:
    return {"words": [*found, "of words"] * 20}


@app.get("/items/{number}")
def item(number: int, q: str | None = None) -> dict[str, Any]:
    if number > 9:
        raise HTTPException(404, "there are nine", {"X-Reason": "too many"})
    return {"number": number, "q": q}


@app.get("/file")
def file() -> FileResponse:
    return FileResponse(STATIC / "page.txt")


@app.post("/form")
async def form(a: Annotated[str, Form()] = "", b: Annotated[str, Form()] = "") -> dict[str, str]:
    return {"a": a, "b": b}


@app.post("/upload")
async def upload(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            return {name: str(getattr(value, "size", value)) for name, value in form.items()}
    return {"body": hashlib.sha256(await request.body()).hexdigest()}


@app.get("/stream")
def stream() -> StreamingResponse:
    def blocks() -> Iterator[str]:
        for number in range(4):
            yield f"{number}\n"
            time.sleep(0.15)  # the test needs this pause

    return StreamingResponse(blocks(), media_type="text/plain")


@app.get("/slow")
async def slow() -> PlainTextResponse:
    await asyncio.sleep(0.7)
    return PlainTextResponse("late")


@app.get("/echo")
def echo(word: str) -> PlainTextResponse:
    time.sleep(0.02)  # requests then overlap
    return PlainTextResponse(word)


@app.get("/redirect")
def away() -> RedirectResponse:
    return RedirectResponse("/echo?word=there")


@app.get("/session")
def session(response: Response, visits: Annotated[int, Cookie()] = 0) -> str:
    response.set_cookie("visits", str(visits + 1), httponly=True, samesite="lax")
    response.set_cookie("other", "second")
    return f"visit {visits + 1}"


@app.get("/error")
def error() -> None:
    raise RuntimeError("as planned")


@app.get("/cut")
def cut() -> StreamingResponse:
    def blocks() -> Iterator[str]:
        yield "the beginning"
        time.sleep(0.05)  # the server then sends the beginning first
        raise RuntimeError("as planned")

    return StreamingResponse(blocks())


def _write_later(path: str) -> None:
    time.sleep(1)  # the work
    Path(path).write_text("done")


@app.get("/background")
def background(path: str, tasks: BackgroundTasks) -> str:
    tasks.add_task(_write_later, path)
    return "begun"
