"""Bottle: files, forms, signed cookies and a generator."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

from bottle import Bottle, request, response, static_file

from tests.real.native.apps.place import prepare

STATIC = prepare()
app = Bottle()


def form() -> dict[str, Any]:
    return {"a": request.forms.get("a"), "b": request.forms.get("b")}


def upload() -> str:
    return hashlib.sha256(request.body.read()).hexdigest()


def stream() -> Iterator[str]:
    response.content_type = "text/plain"
    for number in range(4):
        yield f"{number}\n"
        time.sleep(0.15)  # the test needs this pause


def session() -> str:
    visits = int(request.get_cookie("visits", secret="key", digestmod=hashlib.sha256) or 0) + 1
    response.set_cookie("visits", str(visits), secret="key", digestmod=hashlib.sha256)
    return f"visit {visits}"


app.get("/", callback=lambda: "a page")
app.get("/file", callback=lambda: static_file("page.txt", root=str(STATIC)))
app.get("/echo", callback=lambda: str(request.query.word))
app.post("/form", callback=form)
app.post("/upload", callback=upload)
app.get("/stream", callback=stream)
app.get("/session", callback=session)
