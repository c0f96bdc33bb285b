"""Starlette: each kind of response, below GZip, brotli, sessions, CORS and BaseHTTPMiddleware."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from brotli_asgi import BrotliMiddleware
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.real.native.apps.place import prepare

STATIC = prepare()
Next = Callable[[Request], Awaitable[Response]]


async def page(request: Request) -> Response:
    return HTMLResponse("<h1>A page</h1>" + " of words" * 200)


async def file(request: Request) -> Response:
    return FileResponse(STATIC / "page.txt")


async def form(request: Request) -> Response:
    async with request.form() as form:
        return JSONResponse({name: str(value) for name, value in form.items()})


async def upload(request: Request) -> Response:
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            said = {}
            for name, value in form.items():
                octets = value.encode() if isinstance(value, str) else await value.read()
                said[name] = hashlib.sha256(octets).hexdigest()
            return JSONResponse(said)
    digest = hashlib.sha256()
    async for block in request.stream():
        digest.update(block)
    return JSONResponse({"body": digest.hexdigest(), "encoding": request.headers.get("content-encoding")})


async def stream(request: Request) -> Response:
    async def blocks() -> AsyncIterator[str]:
        for number in range(4):
            yield f"block {number} of {request.url.path}\n"
            await asyncio.sleep(0.15)

    return StreamingResponse(blocks(), media_type="text/plain")


async def events(request: Request) -> Response:
    async def blocks() -> AsyncIterator[str]:
        for number in range(3):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.15)

    return StreamingResponse(blocks(), media_type="text/event-stream")


async def slow(request: Request) -> Response:
    await asyncio.sleep(0.7)
    return Response("late")


def echo(request: Request) -> Response:  # a plain function: Starlette runs it in a thread
    return Response(request.query_params["word"])


async def away(request: Request) -> Response:
    return RedirectResponse("/echo?word=there", 303)


async def counted(request: Request) -> Response:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return Response(f"visit {request.session['visits']}")


async def error(request: Request) -> Response:
    raise RuntimeError("as planned")


async def cut(request: Request) -> Response:
    async def blocks() -> AsyncIterator[str]:
        yield "the beginning"
        await asyncio.sleep(0.05)
        raise RuntimeError("as planned")

    return StreamingResponse(blocks())


async def _write_later(path: str) -> None:
    await asyncio.sleep(1)
    Path(path).write_text("done")  # noqa: ASYNC240 - the work


async def background(request: Request) -> Response:
    return Response("begun", background=BackgroundTask(_write_later, request.query_params["path"]))


ROUTES = [
    Route("/", page),
    Route("/file", file),
    Route("/form", form, methods=["POST"]),
    Route("/upload", upload, methods=["POST"]),
    Route("/stream", stream),
    Route("/events", events),
    Route("/slow", slow),
    Route("/echo", echo),
    Route("/redirect", away),
    Route("/error", error),
    Route("/cut", cut),
    Route("/background", background),
    Mount("/static", StaticFiles(directory=STATIC)),
]


class Signs(BaseHTTPMiddleware):
    """Reads the whole body through `body_iterator`, like middleware that signs or rewrites responses."""

    async def dispatch(self, request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        body = b"".join([block async for block in response.body_iterator])  # type: ignore[attr-defined]
        headers = dict(response.headers)
        headers.pop("content-length", None)
        return Response(body, response.status_code, {**headers, "x-digest": hashlib.sha256(body).hexdigest()})


class Adds(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Next) -> Response:
        response = await call_next(request)
        response.headers["x-added"] = request.method
        return response


app = Starlette(routes=ROUTES)
gzipped = Starlette(routes=ROUTES, middleware=[Middleware(GZipMiddleware, minimum_size=100)])
brotli = Starlette(routes=ROUTES, middleware=[Middleware(BrotliMiddleware, minimum_size=100)])
signed = Starlette(routes=ROUTES, middleware=[Middleware(Signs)])
stacked = Starlette(
    routes=[*ROUTES, Route("/session", counted)],
    middleware=[
        Middleware(CORSMiddleware, allow_origins=["*"]),
        Middleware(SessionMiddleware, secret_key="the same on each server"),
        Middleware(Adds),
        Middleware(GZipMiddleware, minimum_size=100),
    ],
)
