"""A FastAPI app that responds only after its lifespan has started, and reports the shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """The state of each request."""
    yield {"begun": True}
    print("lifespan: over", flush=True)


app = FastAPI(lifespan=lifespan)


@app.api_route("/inside/{word}", methods=["GET", "POST"])
async def inside(word: str, request: Request) -> dict[str, Any]:
    """Return facts about the request."""
    body = (await request.body()).decode()
    return {"word": word, "root": request.scope["root_path"], "body": body, "begun": request.state.begun}


@app.get("/never")
async def never() -> None:
    """Respond only when cancelled."""
    await asyncio.sleep(3600)
