"""The apps of wsgi_all.py mounted below a prefix of Starlette and FastAPI apps, with typical middleware.

The second label of the Host selects the outer app: flask.starlette.test, django.fastapi.test; without one, they are not
mounted. Knows Starlette and FastAPI.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.real.apps.wsgi_all import app as legacy
from tests.real.apps.wsgi_records import counts

PREFIX = "/legacy/v1"


class Tagging(BaseHTTPMiddleware):
    """Starlette's own form of middleware, which runs the app in a separate task."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["X-Tag"] = request.url.path
        return response


class BodyLogging:
    """The usual recipe: read the body, store it, and return it at each receive()."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        body = await Request(scope, receive).body()
        counts.add("bytes logged", len(body))

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


async def new(_: Request) -> Response:
    return PlainTextResponse("new")


def plain() -> FastAPI:
    fastapi = FastAPI()
    fastapi.add_api_route("/new", new)
    fastapi.mount(PREFIX, legacy)
    return fastapi


def starlette(*middleware: Any) -> Starlette:
    routes = [Route("/new", new), Mount(PREFIX, legacy)]
    return Starlette(routes=routes, middleware=[Middleware(each) for each in middleware])


_APPS: dict[str, ASGIApp] = {
    "starlette": starlette(),
    "fastapi": plain(),
    "tagging": starlette(Tagging),
    "gzip": starlette(GZipMiddleware),
    "tagging-gzip": starlette(Tagging, GZipMiddleware),
    "logging": BodyLogging(plain()),
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _APPS["starlette"](scope, receive, send)
    host = dict(scope["headers"])[b"host"].decode()
    chosen: ASGIApp = _APPS.get(host.split(".")[1], legacy)
    await chosen(scope, receive, send)
