"""A Bottle app: the routes of wsgi_flask.py without the async ones, which Bottle does not support."""

from __future__ import annotations

from typing import Any

import bottle

from tests.real.apps.wsgi_records import DOWNLOAD, blocks, counts, digest

SECRET = "only for tests"
bottle.BaseRequest.MEMFILE_MAX = 1024 * 1024
app = bottle.Bottle()


def hello() -> str:
    return "hello from bottle"


def form() -> dict[str, Any]:
    return {"name": bottle.request.forms.getunicode("name"), "tags": bottle.request.forms.decode().getall("tag")}


def upload() -> dict[str, Any]:
    return digest(bottle.request.body)


def files() -> dict[str, Any]:
    file = bottle.request.files["file"]
    return {"note": bottle.request.forms.getunicode("note"), "filename": file.raw_filename, **digest(file.file)}


def stream() -> Any:
    bottle.response.content_type = "text/plain"
    return blocks(bottle.request.query)


def download() -> Any:
    return bottle.static_file(DOWNLOAD.name, root=DOWNLOAD.parent, mimetype="application/octet-stream")


def login() -> Any:
    bottle.response.set_cookie("name", bottle.request.forms.getunicode("name"), secret=SECRET)
    bottle.response.set_cookie("theme", "dark")
    bottle.response.status = 204


def whoami() -> dict[str, Any]:
    get = bottle.request.get_cookie
    return {"name": get("name", secret=SECRET), "theme": get("theme")}


def path(rest: str) -> dict[str, Any]:
    return {"path": rest, "query": bottle.request.query.getunicode("q")}


def url() -> str:
    here = bottle.request.urlparts
    return f"{here.scheme}://{here.netloc}{app.get_url('hello')}"


def elsewhere() -> Any:
    bottle.redirect(app.get_url("hello"))


def error() -> Any:
    raise LookupError("the view failed")


def begin() -> None:
    counts.add("requests begun")


def end() -> None:
    counts.add("requests torn down")


app.route("/hello", callback=hello, name="hello")
app.route("/form", "POST", callback=form)
app.route("/upload", "POST", callback=upload)
app.route("/files", "POST", callback=files)
app.route("/stream", callback=stream)
app.route("/download", callback=download)
app.route("/login", "POST", callback=login)
app.route("/whoami", callback=whoami)
app.route("/path/<rest:path>", callback=path)
app.route("/url", callback=url)
app.route("/redirect", callback=elsewhere)
app.route("/error", callback=error)
app.add_hook("before_request", begin)
app.add_hook("after_request", end)
