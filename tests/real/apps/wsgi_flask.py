"""A Flask app: forms, uploads, streams, files, sessions, hooks, async views.

The other frameworks of this folder have the same routes and responses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from flask import Flask, Response, jsonify, redirect, request, send_file, session, stream_with_context, url_for

from tests.real.apps import meeting
from tests.real.apps.wsgi_records import DOWNLOAD, blocks, counts, digest

app = Flask(__name__)
app.secret_key = "only for tests"


@app.before_request
def begin() -> None:
    counts.add("requests begun")


@app.teardown_request
def end(_: BaseException | None) -> None:
    counts.add("requests torn down")


@app.get("/hello")
def hello() -> str:
    return "hello from flask"


@app.post("/form")
def form() -> Response:
    return jsonify(name=request.form["name"], tags=request.form.getlist("tag"))


@app.post("/upload")
def upload() -> Response:
    return jsonify(digest(request.stream))


@app.post("/files")
def files() -> Response:
    file = request.files["file"]
    return jsonify(note=request.form["note"], filename=file.filename, **digest(file))


@app.get("/stream")
def stream() -> Response:
    def generate() -> Iterator[bytes]:
        with closing(blocks(request.args)) as body:
            for block in body:  # noqa: UP028 - «yield from» would close the body as well
                yield block

    return Response(stream_with_context(generate()), mimetype="text/plain")


@app.get("/download")
def download() -> Response:
    return send_file(DOWNLOAD, mimetype="application/octet-stream")


@app.post("/login")
def login() -> Response:
    session["name"] = request.form["name"]
    response = Response(status=204)
    response.set_cookie("theme", "dark")
    return response


@app.get("/whoami")
def whoami() -> Response:
    return jsonify(name=session.get("name"), theme=request.cookies.get("theme"))


@app.get("/path/<path:rest>")
def path(rest: str) -> Response:
    return jsonify(path=rest, query=request.args.get("q"))


@app.get("/url")
def url() -> str:
    return url_for("hello", _external=True)


@app.get("/redirect")
def elsewhere() -> Any:
    return redirect(url_for("hello"))


@app.get("/error")
def error() -> str:
    raise LookupError("the view failed")


@app.get("/async")
async def is_on_the_servers_loop() -> Response:
    return jsonify(shared=meeting.on_the_servers_loop())


@app.get("/async/meet")
async def meet() -> str:
    return await meeting.meet(int(request.args["parties"]))
