"""A FastAPI app with a lifespan, on a WSGI server such as gunicorn or waitress.

Use this if the app is async and you cannot change the server, for example a company's
gunicorn, mod_wsgi, uWSGI, or waitress on Windows. Only one line changes. All requests of
a process run on one event loop. In each worker process, the lifespan starts with the first
request, also with --preload, and ends with the worker. A request holds a thread of the
server until the response is complete. WebSockets work too, and hold no thread, because the
adapter takes over their connections.

    $ gunicorn --preload --workers 2 --threads 8 demos.fastapi_on_wsgi:app
    $ waitress-serve --threads=8 demos.fastapi_on_wsgi:app
    $ curl localhost:8000/worker       # waitress: localhost:8080
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from gateways.adapters import ASGIToWSGI

IMPORTED_IN = os.getpid()  # with --preload this is gunicorn's own process


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, int]]:
    # e.g. a pool of connections
    print(f"lifespan: opened in {os.getpid()}", file=sys.stderr)
    yield {"opened_in": os.getpid()}
    print(f"lifespan: closed in {os.getpid()}", file=sys.stderr)


api = FastAPI(lifespan=lifespan)


@api.get("/worker")
async def worker(request: Request) -> dict[str, int]:
    return {
        "imported_in": IMPORTED_IN,
        "opened_in": request.state.opened_in,
        "served_in": os.getpid(),
    }


@api.get("/wait")
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


@api.get("/rows")
async def rows() -> StreamingResponse:
    async def each() -> AsyncIterator[str]:
        for number in range(4):
            yield f"row {number}\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(each(), media_type="text/plain")


@api.post("/orders", status_code=202)
async def order(after: BackgroundTasks) -> str:
    after.add_task(send_mail)
    return "accepted"


async def send_mail() -> None:
    await asyncio.sleep(1)
    print("mail sent", file=sys.stderr)


@api.websocket("/ws")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = ASGIToWSGI(api)
