"""The lifespan and the signal of the ASGI applications for CGI programs. Knows the folder shared with the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.real.apps.cgi_child_notes import FOLDER, note


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, str]]:
    yield {"database": "connected"}
    note("shut down")


async def signal() -> None:
    while not (FOLDER / "signal").exists():  # noqa: ASYNC110 (the signal comes from another process)
        await asyncio.sleep(0.01)
