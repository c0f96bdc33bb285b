"""Falcon: JSON, a static route with ranges, the bounded stream of a body."""

import hashlib

import falcon

from tests.real.native.apps.place import prepare


class Page:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"word": request.get_param("word"), "twice": request.get_header("X-Twice")}

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        response.text = hashlib.sha256(request.bounded_stream.read()).hexdigest()


app = falcon.App()
app.add_route("/", Page())
app.add_static_route("/static", str(prepare()))
