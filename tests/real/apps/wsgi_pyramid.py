"""A Pyramid app: the routes of wsgi_flask.py without the async ones, which Pyramid does not support."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.events import NewRequest
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory

from tests.real.apps.wsgi_records import DOWNLOAD, blocks, counts, digest


def hello(_: Any) -> Any:
    return Response("hello from pyramid")


def form(request: Any) -> Any:
    return {"name": request.POST["name"], "tags": request.POST.getall("tag")}


def upload(request: Any) -> Any:
    return digest(request.body_file)


def files(request: Any) -> Any:
    file = request.POST["file"]
    return {"note": request.POST["note"], "filename": file.filename, **digest(file.file)}


def stream(request: Any) -> Any:
    return Response(app_iter=blocks(request.GET), content_type="text/plain")


def download(request: Any) -> Any:
    return FileResponse(DOWNLOAD, request=request, content_type="application/octet-stream")


def login(request: Any) -> Any:
    request.session["name"] = request.POST["name"]
    request.response.set_cookie("theme", "dark")
    request.response.status = 204
    return request.response


def whoami(request: Any) -> Any:
    return {"name": request.session.get("name"), "theme": request.cookies.get("theme")}


def path(request: Any) -> Any:
    return {"path": "/".join(request.matchdict["rest"]), "query": request.GET.get("q")}


def url(request: Any) -> Any:
    return Response(request.route_url("hello"))


def elsewhere(request: Any) -> Any:
    return HTTPFound(request.route_path("hello"))


def error(_: Any) -> Any:
    raise LookupError("the view failed")


VIEWS = {
    "hello": hello,
    "form": form,
    "upload": upload,
    "files": files,
    "stream": stream,
    "download": download,
    "login": login,
    "whoami": whoami,
    "url": url,
    "redirect": elsewhere,
    "error": error,
}


def _begin(event: Any) -> None:
    counts.add("requests begun")
    event.request.add_finished_callback(lambda _: counts.add("requests torn down"))


def make() -> Any:
    config = Configurator(session_factory=SignedCookieSessionFactory("only for tests"))
    config.add_subscriber(_begin, NewRequest)
    config.add_route("path", "/path/*rest")
    config.add_view(path, route_name="path", renderer="json")
    for name, view in VIEWS.items():
        config.add_route(name, f"/{name}")
        config.add_view(view, route_name=name, renderer="json")
    return config.make_wsgi_app()


app = make()
