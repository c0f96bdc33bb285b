"""A Falcon app: the routes of wsgi_flask.py without the async ones, which Falcon supports for ASGI only."""

from __future__ import annotations

from typing import Any

import falcon
from falcon import Request, Response

from tests.real.apps.wsgi_records import DOWNLOAD, blocks, counts, digest


class Counting:
    """Middleware, which Falcon calls around each request."""

    def process_request(self, _: Request, __: Response) -> None:
        counts.add("requests begun")

    def process_response(self, _: Request, __: Response, ___: object, ____: bool) -> None:
        counts.add("requests torn down")


class Views:
    def on_get_hello(self, _: Request, response: Response) -> None:
        response.text = "hello from falcon"

    def on_post_form(self, request: Request, response: Response) -> None:
        form = request.get_media()
        tags = form["tag"]
        response.media = {"name": form["name"], "tags": tags if isinstance(tags, list) else [tags]}

    def on_post_upload(self, request: Request, response: Response) -> None:
        response.media = digest(request.bounded_stream)

    def on_post_files(self, request: Request, response: Response) -> None:
        given: dict[str, Any] = {}
        for part in request.get_media():
            if part.name == "note":
                given["note"] = part.get_text()
            else:
                given.update(filename=part.filename, **digest(part.stream))
        response.media = given

    def on_get_stream(self, request: Request, response: Response) -> None:
        response.content_type = "text/plain"
        response.stream = blocks(request.params)

    def on_get_download(self, _: Request, response: Response) -> None:
        response.content_type = "application/octet-stream"
        response.set_stream(DOWNLOAD.open("rb"), DOWNLOAD.stat().st_size)

    def on_post_login(self, request: Request, response: Response) -> None:
        response.set_cookie("name", request.get_media()["name"].encode().hex(), secure=False)
        response.set_cookie("theme", "dark", secure=False)
        response.status = falcon.HTTP_204

    def on_get_whoami(self, request: Request, response: Response) -> None:
        name = request.cookies.get("name")
        response.media = {"name": name and bytes.fromhex(name).decode(), "theme": request.cookies.get("theme")}

    def on_get_path(self, request: Request, response: Response, rest: str) -> None:
        response.media = {"path": rest, "query": request.get_param("q")}

    def on_get_url(self, request: Request, response: Response) -> None:
        response.text = request.prefix + "/hello"

    def on_get_redirect(self, request: Request, _: Response) -> None:
        raise falcon.HTTPFound(request.root_path + "/hello")

    def on_get_error(self, _: Request, __: Response) -> None:
        raise LookupError("the view failed")


app = falcon.App(middleware=[Counting()])
for name in ["hello", "form", "upload", "files", "stream", "download", "login", "whoami", "url", "redirect", "error"]:
    app.add_route(f"/{name}", Views(), suffix=name)
app.add_route("/path/{rest:path}", Views(), suffix="path")
