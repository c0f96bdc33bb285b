"""A FastAPI app, which the pages use."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.get("/")
async def home() -> dict[str, str]:
    return {"hello": "you"}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def blocks() -> AsyncIterator[str]:
        for number in range(3):
            yield f"block {number}\n"

    return StreamingResponse(blocks(), media_type="text/plain")
