"""A Flask application for CGI programs; cgi_child_fastapi.py has the same routes."""

import time
from collections.abc import Iterator

from flask import Flask, Response, jsonify, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tests.real.apps.cgi_child_notes import FOLDER, digest, note

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> Response:
    return jsonify(name=name, root=request.script_root, url=url_for("hello", name="x", q="y"))


@app.post("/form")
def form() -> Response:
    return jsonify(request.form.to_dict())


@app.post("/upload")
def upload() -> Response:
    file = request.files["file"]
    return jsonify(name=file.filename, digest=digest(file.read()), note=request.form["note"])


@app.put("/raw")
def raw() -> str:
    return digest(request.get_data())


@app.put("/ignored")
def ignored() -> str:
    return "not read"


@app.get("/stream")
def stream() -> Response:
    def blocks() -> Iterator[bytes]:
        yield b"first\n"
        while not (FOLDER / "signal").exists():
            time.sleep(0.01)
        yield b"last\n"

    return Response(blocks(), mimetype="text/plain")


@app.get("/ticks")
def ticks() -> Response:
    def blocks() -> Iterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                time.sleep(0.05)
        finally:
            note("ended")

    return Response(blocks(), mimetype="text/plain")


@app.get("/redirect")
def redirects() -> BaseResponse:
    return redirect(url_for("hello", name="there"), 303)


@app.get("/cookies")
def cookies() -> Response:
    response = make_response(jsonify(request.cookies.to_dict()))
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/authorization")
def authorization() -> str:
    return request.headers.get("Authorization", "none")


@app.get("/prints")
def prints() -> str:
    print("a stray print")
    return "clean"


@app.get("/crash")
def crash() -> str:
    raise ZeroDivisionError("of the application")


@app.get("/crash-late")
def crash_late() -> Response:
    def blocks() -> Iterator[bytes]:
        yield b"first\n"
        raise ZeroDivisionError("of the application")

    return Response(blocks(), mimetype="text/plain")


@app.get("/no-content")
def no_content() -> tuple[str, int]:
    return "", 204
