"""Litestar: files, streams, cookies and its compression middleware."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.config.compression import CompressionConfig
from litestar.response import File, Redirect, Stream

from tests.real.native.apps.place import prepare

STATIC = prepare()


@get("/", media_type=MediaType.HTML)
async def page() -> str:
    return "<h1>A page</h1>" + " of words" * 200


@get("/file")
async def file() -> File:
    return File(STATIC / "page.txt", filename="page.txt")


@get("/echo", media_type=MediaType.TEXT)
async def echo(word: str) -> str:
    return word


@post("/upload", media_type=MediaType.TEXT)
async def upload(request: Request) -> str:  # type: ignore[type-arg]
    return hashlib.sha256(await request.body()).hexdigest()


@get("/stream")
async def stream() -> Stream:
    async def blocks() -> AsyncIterator[str]:
        for number in range(4):
            yield f"{number}\n"
            await asyncio.sleep(0.15)

    return Stream(blocks, media_type=MediaType.TEXT)


@get("/redirect")
async def away() -> Redirect:
    return Redirect("/echo?word=there")


@get("/session", media_type=MediaType.TEXT)
async def session(request: Request) -> Response[str]:  # type: ignore[type-arg]
    visits = int(request.cookies.get("visits", 0)) + 1
    response = Response(f"visit {visits}", media_type=MediaType.TEXT)
    response.set_cookie("visits", str(visits))
    return response


app = Litestar(
    [page, file, echo, upload, stream, away, session],
    compression_config=CompressionConfig("gzip", minimum_size=100),
)
