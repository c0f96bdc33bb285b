"""Pyramid: WebOb's requests and its FileResponse."""

import hashlib

from pyramid.config import Configurator
from pyramid.response import FileResponse, Response

from tests.real.native.apps.place import prepare

FILE = prepare() / "page.txt"

with Configurator() as config:
    for name, path in {"page": "/", "file": "/file", "upload": "/upload", "echo": "/echo"}.items():
        config.add_route(name, path)
    config.add_view(lambda request: Response("a page"), route_name="page")
    config.add_view(lambda request: FileResponse(FILE, request), route_name="file")
    config.add_view(lambda request: Response(request.params["word"]), route_name="echo")
    config.add_view(lambda request: Response(hashlib.sha256(request.body).hexdigest()), route_name="upload")
    app = config.make_wsgi_app()
