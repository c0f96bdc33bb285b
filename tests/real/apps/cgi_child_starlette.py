"""A Starlette application for CGI programs: the routes of cgi_child_fastapi.py, imported in a third of the time."""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.real.apps.cgi_child_asgi import lifespan, signal
from tests.real.apps.cgi_child_notes import digest, note


async def hello(request: Request) -> Response:
    url = request.url_for("hello", name="x").include_query_params(q="y")
    return JSONResponse(
        {
            "name": request.path_params["name"],
            "root": request.scope["root_path"],
            "url": f"{url.path}?q=y",
        }
    )


async def form(request: Request) -> Response:
    return JSONResponse(dict(await request.form()))


async def upload(request: Request) -> Response:
    fields = await request.form()
    file = fields["file"]
    assert isinstance(file, UploadFile)
    return JSONResponse({"name": file.filename, "digest": digest(await file.read()), "note": fields["note"]})


async def raw(request: Request) -> Response:
    return PlainTextResponse(digest(await request.body()))


async def ignored(_: Request) -> Response:
    return PlainTextResponse("not read")


async def stream(_: Request) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"first\n"
        await signal()
        yield b"last\n"

    return StreamingResponse(blocks(), media_type="text/plain")


async def ticks(_: Request) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.05)
        finally:
            note("ended")

    return StreamingResponse(blocks(), media_type="text/plain")


async def redirects(request: Request) -> Response:
    return RedirectResponse(request.url_for("hello", name="there").path, 303)


async def cookies(request: Request) -> Response:
    response = JSONResponse(request.cookies)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def authorization(request: Request) -> Response:
    return PlainTextResponse(request.headers.get("authorization", "none"))


def prints(_: Request) -> Response:  # in a thread
    print("a stray print")
    return PlainTextResponse("clean")


async def crash(_: Request) -> Response:
    raise ZeroDivisionError("of the application")


async def crash_late(_: Request) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"first\n"
        raise ZeroDivisionError("of the application")

    return StreamingResponse(blocks(), media_type="text/plain")


async def no_content(_: Request) -> Response:
    return Response(status_code=204)


# Routes for ASGI only.


async def state(request: Request) -> Response:
    return PlainTextResponse(request.state.database)


async def background(_: Request) -> Response:
    async def work() -> None:
        await signal()
        note("worked")

    return PlainTextResponse("at once", background=BackgroundTask(work))


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/hello/{name}", hello),
        Route("/form", form, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/raw", raw, methods=["PUT"]),
        Route("/ignored", ignored, methods=["PUT"]),
        Route("/stream", stream),
        Route("/ticks", ticks),
        Route("/redirect", redirects),
        Route("/cookies", cookies),
        Route("/authorization", authorization),
        Route("/prints", prints),
        Route("/crash", crash),
        Route("/crash-late", crash_late),
        Route("/no-content", no_content),
        Route("/state", state),
        Route("/background", background),
    ],
)
