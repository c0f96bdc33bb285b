"""The FastAPI app of shared_hosting. It does not depend on the server."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, UploadFile
from fastapi.security import HTTPBasic


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, int]]:
    yield {"process": os.getpid()}
    # This appears in the server's error log.
    print(f"lifespan: closed in {os.getpid()}", file=sys.stderr)


app = FastAPI(lifespan=lifespan)


@app.get("/items/{number}", name="item")
async def item(number: int, request: Request, q: str = "") -> dict[str, str | int]:
    return {
        "number": number,
        "q": q,
        "url": str(request.url),
        "process": request.state.process,
    }


@app.get("/items")
async def items(request: Request) -> list[str]:
    return [str(request.url_for("item", number=number)) for number in (1, 2)]


@app.post("/photos", status_code=201)
async def upload(photo: UploadFile) -> dict[str, str | int | None]:
    return {"name": photo.filename, "bytes": len(await photo.read())}


@app.get("/me")
async def me(request: Request) -> dict[str, str]:
    credentials = await HTTPBasic()(request)
    assert credentials is not None  # it responds with 401 itself
    return {"user": credentials.username}
