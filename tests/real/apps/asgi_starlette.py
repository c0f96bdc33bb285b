"""A Starlette app below sessions, gzip and BaseHTTPMiddleware, which receives and streams in separate tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from tests.real.apps.asgi_records import DOWNLOAD, Digest, blocks, breaking, digest, events, note, work

request_id: ContextVar[str] = ContextVar("request_id", default="none")


class Numbered(BaseHTTPMiddleware):
    """Gives each request an id, in a context variable, in a header, and in its state."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        request_id.set(request.headers.get("x-request-id", "none"))
        response = await call_next(request)
        response.headers["x-request-id"] = request_id.get()
        return response


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, str]]:
    note("starlette startup")
    yield {"greeting": "from the lifespan"}
    note("starlette shutdown")


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello from starlette")


async def form(request: Request) -> Response:
    sent = await request.form()
    return JSONResponse({"name": sent["name"], "tags": sent.getlist("tag")})


async def files(request: Request) -> Response:
    sent = await request.form()
    file: Any = sent["file"]
    return JSONResponse({"note": sent["note"], "filename": file.filename, **digest(await file.read())})


async def upload(request: Request) -> Response:
    received = Digest()
    async for block in request.stream():
        received.feed(block)
    return JSONResponse(received.report())


async def stream(request: Request) -> Response:
    return StreamingResponse(blocks(int(request.query_params.get("count", 3))), media_type="text/plain")


async def server_sent_events(_: Request) -> Response:
    return StreamingResponse(events("starlette"), media_type="text/event-stream")


async def download(_: Request) -> Response:
    return FileResponse(DOWNLOAD)


async def state(request: Request) -> Response:
    return JSONResponse({"greeting": request.state.greeting})


async def background(_: Request) -> Response:
    return JSONResponse({"status": "working"}, background=BackgroundTask(work, "starlette"))


async def fails(_: Request) -> Response:
    raise RuntimeError("broken down")


async def breaks(_: Request) -> Response:
    return StreamingResponse(breaking())


async def login(_: Request) -> Response:
    response = PlainTextResponse("")
    response.set_cookie("name", "ann")
    response.set_cookie("theme", "dark")
    return response


async def visits(request: Request) -> Response:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JSONResponse({"visits": request.session["visits"], "request_id": request_id.get()})


async def where(request: Request) -> Response:
    return JSONResponse({"path": request.url.path, "root_path": request.scope["root_path"], "url": str(request.url)})


app = Starlette(
    lifespan=lifespan,
    middleware=[
        Middleware(Numbered),
        Middleware(SessionMiddleware, secret_key="only for tests"),
        Middleware(GZipMiddleware, minimum_size=500),
    ],
    routes=[
        Route("/hello", hello),
        Route("/form", form, methods=["POST"]),
        Route("/files", files, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/stream", stream),
        Route("/events", server_sent_events),
        Route("/download", download),
        Route("/state", state),
        Route("/background", background),
        Route("/fails", fails),
        Route("/breaks", breaks),
        Route("/login", login),
        Route("/visits", visits),
        Mount("/mounted", routes=[Route("/where/{rest:path}", where)]),
    ],
)
