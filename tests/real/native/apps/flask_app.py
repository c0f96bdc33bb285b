"""Flask: signed sessions, uploads, files, streams, redirects; also below Flask-Compress and WhiteNoise."""

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request, send_file, session, stream_with_context
from flask_compress import Compress
from whitenoise import WhiteNoise

from tests.real.native.apps.place import prepare

STATIC = prepare()


def make(name: str) -> Flask:  # noqa: C901 - a list of views
    app = Flask(name, static_folder=str(STATIC))
    app.secret_key = b"the same on each server"

    @app.get("/")
    def page() -> str:
        return "<h1>A page</h1>" + " of words" * 200

    @app.get("/file")
    def file() -> Response:
        return send_file(STATIC / "page.txt", conditional=True)

    @app.get("/large")
    def large() -> Response:
        return send_file(STATIC / "data.bin", conditional=True, as_attachment=True, download_name="ä.bin")

    @app.post("/form")
    def form() -> dict[str, Any]:
        return {"form": request.form.to_dict(), "length": request.content_length}

    @app.post("/upload")
    def upload() -> dict[str, Any]:
        files = {name: hashlib.sha256(each.read()).hexdigest() for name, each in request.files.items()}
        body = hashlib.sha256(request.get_data()).hexdigest()
        return {"files": files, "form": request.form.to_dict(), "body": body, "type": request.mimetype}

    @app.get("/stream")
    def stream() -> Response:
        def blocks() -> Iterator[str]:
            for number in range(4):
                yield f"block {number} of {request.path}\n"
                time.sleep(0.15)  # the test needs this pause

        return Response(stream_with_context(blocks()), mimetype="text/plain")

    @app.get("/events")
    def events() -> Response:
        def blocks() -> Iterator[str]:
            for number in range(3):
                yield f"data: {number}\n\n"
                time.sleep(0.15)  # the test needs this pause

        return Response(blocks(), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})

    @app.get("/slow")
    def slow() -> str:
        time.sleep(0.7)  # the test needs this pause
        return "late"

    @app.get("/echo")
    def echo() -> str:
        time.sleep(0.02)  # requests then overlap
        return request.args["word"]

    @app.get("/redirect")
    def away() -> Any:
        return redirect("/echo?word=there", 303)

    @app.get("/session")
    def counted() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"visit {session['visits']}"

    @app.get("/error")
    def error() -> str:
        raise RuntimeError("as planned")

    @app.get("/cut")
    def cut() -> Response:
        def blocks() -> Iterator[str]:
            yield "the beginning"
            raise RuntimeError("as planned")

        return Response(blocks())

    @app.get("/background")
    def background() -> str:
        path = request.args["path"]
        threading.Timer(1.0, Path(path).write_text, ["done"]).start()
        return "begun"

    return app


app = make("plain")
compressed = make("compressed")
Compress(compressed)
whitenoise = WhiteNoise(make("whitenoise"), root=str(STATIC), prefix="assets/", autorefresh=True)
