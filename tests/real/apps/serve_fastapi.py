"""A FastAPI app that answers only after its lifespan has begun, and says when that is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """What each request is given."""
    yield {"begun": True}
    print("lifespan: over", flush=True)


app = FastAPI(lifespan=lifespan)


@app.api_route("/inside/{word}", methods=["GET", "POST"])
async def inside(word: str, request: Request) -> dict[str, Any]:
    """What the request tells."""
    body = (await request.body()).decode()
    return {"word": word, "root": request.scope["root_path"], "body": body, "begun": request.state.begun}


@app.get("/never")
async def never() -> None:
    """It answers only when it is ended."""
    await asyncio.sleep(3600)
