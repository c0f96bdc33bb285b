"""A FastAPI app that runs the same everywhere: middleware, a dependency, blocking work in threads, an error."""

import asyncio
import time
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Timing:
    """The app's own middleware, through which the lifespan passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


app = FastAPI()
app.add_middleware(GZipMiddleware)
app.add_middleware(CORSMiddleware, allow_origins=["*"])
app.add_middleware(Timing)


def connection() -> Iterator[str]:
    yield "a connection"


@app.get("/")
async def index(opened: Annotated[str, Depends(connection)]) -> dict[str, str]:
    return {"opened": opened}


@app.get("/thread")
def thread() -> str:
    time.sleep(0.15)
    return "in a thread"


@app.get("/wait")
async def wait() -> str:
    await asyncio.gather(asyncio.to_thread(time.sleep, 0.12), asyncio.sleep(0.12))
    return "awaited"


@app.get("/missing")
async def missing() -> None:
    raise HTTPException(404)
