"""A Flask app that runs the same everywhere: absolute paths, a connection for each request, streams that end."""

import sqlite3
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from flask import Flask, Response, g, jsonify, redirect, stream_with_context
from werkzeug.wrappers import Response as Redirect

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16_000_000
user: ContextVar[str] = ContextVar("user", default="a guest")


def connection() -> sqlite3.Connection:
    if "connection" not in g:
        g.connection = sqlite3.connect(":memory:")
    found: sqlite3.Connection = g.connection
    return found


@app.teardown_appcontext
def close(_error: BaseException | None) -> None:
    if "connection" in g:
        g.pop("connection").close()


@app.get("/")
def index() -> Response:
    user.set("you")
    return jsonify(connection().execute("SELECT 1").fetchone())


@app.get("/source")
def source() -> str:
    return Path(__file__).read_text()


@app.get("/empty")
def empty() -> tuple[str, int]:
    return "", 204


@app.get("/away")
def away() -> Redirect:
    return redirect("/")


@app.get("/rows")
def rows() -> Response:
    def lines() -> Iterator[str]:
        for number in range(3):
            time.sleep(0.03)
            yield f"{number}\n"

    return Response(stream_with_context(lines()), mimetype="text/plain")


@app.get("/slow")
def slow() -> str:
    time.sleep(0.15)
    return "a thread may wait"
