"""A FastAPI app that works after its responses, on the loop and in a thread, and at shutdown in an executor.

Knows FastAPI. Lines in RECORDS show the finished work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI

from gateways.adapters import ASGIToWSGI
from tests.real.apps.asgi_records import note

SECONDS = 2.0


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Flush in an executor at shutdown, like an application that buffers data."""
    yield
    await asyncio.to_thread(note, "flushed")
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    note("resolved")


app = FastAPI(lifespan=lifespan)


async def _on_the_loop() -> None:
    await asyncio.sleep(SECONDS)
    note("worked on the loop")


def _in_a_thread() -> None:
    time.sleep(SECONDS)
    note("worked in a thread")


@app.get("/loop")
async def on_the_loop(tasks: BackgroundTasks) -> dict[str, str]:
    """Respond, then work."""
    tasks.add_task(_on_the_loop)
    return {"status": "working"}


@app.get("/thread")
def in_a_thread(tasks: BackgroundTasks) -> dict[str, str]:
    """Respond, then work in a thread of AnyIO."""
    tasks.add_task(_in_a_thread)
    return {"status": "working"}


wsgi = ASGIToWSGI(app)
