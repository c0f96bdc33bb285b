"""A Flask app with traps: a connection, a thread-local, a header, a relative path, a blocking view, a thread."""

import sqlite3
import threading
import time
from typing import Any

import requests
from flask import Flask, Response, request
from flask_sock import Sock

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2_000_000_000
sock = Sock(app)
database = sqlite3.connect(":memory:")
session = requests.Session()
current = threading.local()


@sock.route("/chat")  # type: ignore[untyped-decorator]
def chat(ws: Any) -> None:
    ws.send("hello")


@app.get("/")
def index() -> str:
    current.user = request.args.get("user", "a guest")
    return f"Hello, {current.user}"


@app.get("/closed")
def closed() -> Response:
    return Response("bye", headers={"Connection": "close"})


@app.get("/terms")
def terms() -> str:
    try:
        with open("terms.txt") as file:
            return file.read()
    except FileNotFoundError:
        return "no terms"


@app.get("/report")
async def report() -> str:
    time.sleep(0.15)  # noqa: ASYNC251 - the trap
    return "done"


@app.get("/mail")
def mail() -> str:
    threading.Thread(target=time.sleep, args=(0.5,), name="mailer").start()
    return "sent soon"
