"""A FastAPI application for CGI programs; cgi_child_flask.py has the same routes."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import BackgroundTasks, FastAPI, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse

from tests.real.apps.cgi_child_asgi import lifespan, signal
from tests.real.apps.cgi_child_notes import digest, note

app = FastAPI(lifespan=lifespan)


@app.api_route("/hello/{name}", methods=["GET", "HEAD"])
async def hello(request: Request, name: str) -> dict[str, str]:
    return {
        "name": name,
        "root": request.scope["root_path"],
        "url": request.url_for("hello", name="x").include_query_params(q="y").path + "?q=y",
    }


@app.post("/form")
async def form(a: str = Form(), b: str = Form()) -> dict[str, str]:
    return {"a": a, "b": b}


@app.post("/upload")
async def upload(file: UploadFile, note: str = Form()) -> dict[str, str | None]:
    return {"name": file.filename, "digest": digest(await file.read()), "note": note}


@app.put("/raw")
async def raw(request: Request) -> Response:
    return PlainTextResponse(digest(await request.body()))


@app.put("/ignored")
async def ignored() -> Response:
    return PlainTextResponse("not read")


@app.get("/stream")
async def stream() -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"first\n"
        await signal()
        yield b"last\n"

    return StreamingResponse(blocks(), media_type="text/plain")


@app.get("/ticks")
async def ticks() -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.05)
        finally:
            note("ended")

    return StreamingResponse(blocks(), media_type="text/plain")


@app.get("/redirect")
async def redirects(request: Request) -> Response:
    return RedirectResponse(request.url_for("hello", name="there").path, 303)


@app.get("/cookies")
async def cookies(request: Request) -> Response:
    response = JSONResponse(request.cookies)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/authorization")
async def authorization(request: Request) -> Response:
    return PlainTextResponse(request.headers.get("authorization", "none"))


@app.get("/prints")
def prints() -> Response:  # in a thread
    print("a stray print")
    return PlainTextResponse("clean")


@app.get("/crash")
async def crash() -> Response:
    raise ZeroDivisionError("of the application")


@app.get("/crash-late")
async def crash_late() -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"first\n"
        raise ZeroDivisionError("of the application")

    return StreamingResponse(blocks(), media_type="text/plain")


@app.get("/no-content", status_code=204)
async def no_content() -> None:
    return


# Routes for ASGI only.


@app.get("/state")
async def state(request: Request) -> Response:
    return PlainTextResponse(request.state.database)


@app.get("/background")
async def background(tasks: BackgroundTasks) -> Response:
    async def work() -> None:
        await signal()
        note("worked")

    tasks.add_task(work)
    return PlainTextResponse("at once")
