"""A Flask app on uvicorn, unchanged.

Use this if your server speaks ASGI. Then one process can also serve a FastAPI app or
WebSockets next to Flask, and slow clients do not need a thread each. Only the last line
changes. Requests run in up to 16 threads, as under `gunicorn --threads 16`. Streams are
sent block by block. Async views run on uvicorn's loop.

    $ uvicorn demos.flask_on_uvicorn:app
    $ curl -N localhost:8000/report
    $ curl localhost:8000/threads
"""

import asyncio
import threading
import time
from collections.abc import Iterator

from flask import Flask, Response, g, jsonify, request

from gateways.adapters import WSGIToASGI

shop = Flask(__name__)


@shop.before_request
def remember_who_asks() -> None:
    g.name = request.args.get("name", "nobody")


@shop.get("/hello")
def hello() -> str:
    time.sleep(0.05)  # e.g. a query; other requests run in other threads
    return f"hello, {g.name}\n"


@shop.get("/report")
def report() -> Response:
    def rows() -> Iterator[str]:
        for number in range(4):
            time.sleep(0.1)
            yield f"row {number}\n"

    return Response(rows(), mimetype="text/plain")


@shop.post("/upload")
def upload() -> Response:
    size = sum(len(block) for block in iter(lambda: request.stream.read(65536), b""))
    return jsonify(bytes=size)


@shop.get("/threads")
def in_a_thread() -> Response:
    return jsonify(view=threading.current_thread().name, async_view="/threads/async")


@shop.get("/threads/async")
async def on_the_loop() -> Response:
    # For example ten concurrent calls to other services.
    await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(10)))
    return jsonify(async_view=threading.current_thread().name)


app = WSGIToASGI(shop, threads=16)
