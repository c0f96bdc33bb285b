"""A FastAPI app to be traced: a dependency, and a stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


def shouted(name: str = "you") -> str:
    return name.upper()


Name = Annotated[str, Depends(shouted)]


@app.get("/hello")
def hello(name: Name) -> dict[str, str]:
    return {"hello": name}


@app.get("/stream")
async def stream(name: Name) -> StreamingResponse:
    async def blocks() -> AsyncIterator[str]:
        for number in range(3):
            await asyncio.sleep(0.05 if number else 0)
            yield f"{name} {number}\n"

    return StreamingResponse(blocks(), media_type="text/plain")
