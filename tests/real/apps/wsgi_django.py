"""A Django project in one file: the routes of wsgi_flask.py, with signed sessions and no database."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path, reverse

from tests.real.apps import meeting
from tests.real.apps.wsgi_records import DOWNLOAD, blocks, counts, digest

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    USE_TZ=True,
)
django.setup(set_prefix=False)


def hello(_: Any) -> Any:
    return HttpResponse("hello from django")


def form(request: Any) -> Any:
    return JsonResponse({"name": request.POST["name"], "tags": request.POST.getlist("tag")})


def upload(request: Any) -> Any:
    return JsonResponse(digest(request))


def files(request: Any) -> Any:
    file = request.FILES["file"]
    return JsonResponse({"note": request.POST["note"], "filename": file.name, **digest(file)})


def stream(request: Any) -> Any:
    return StreamingHttpResponse(blocks(request.GET), content_type="text/plain")


def download(_: Any) -> Any:
    return FileResponse(DOWNLOAD.open("rb"), content_type="application/octet-stream")


def login(request: Any) -> Any:
    request.session["name"] = request.POST["name"]
    response = HttpResponse(status=204)
    response.set_cookie("theme", "dark")
    return response


def whoami(request: Any) -> Any:
    return JsonResponse({"name": request.session.get("name"), "theme": request.COOKIES.get("theme")})


def rest_of_path(request: Any, rest: str) -> Any:
    return JsonResponse({"path": rest, "query": request.GET.get("q")})


def url(request: Any) -> Any:
    return HttpResponse(request.build_absolute_uri(reverse(hello)))


def elsewhere(_: Any) -> Any:
    return HttpResponseRedirect(reverse(hello))


def error(_: Any) -> Any:
    raise LookupError("the view failed")


async def is_on_the_servers_loop(_: Any) -> Any:
    return JsonResponse({"shared": meeting.on_the_servers_loop()})


async def meet(request: Any) -> Any:
    return HttpResponse(await meeting.meet(int(request.GET["parties"])))


urlpatterns = [
    path("hello", hello),
    path("form", form),
    path("upload", upload),
    path("files", files),
    path("stream", stream),
    path("download", download),
    path("login", login),
    path("whoami", whoami),
    path("path/<path:rest>", rest_of_path),
    path("url", url),
    path("redirect", elsewhere),
    path("error", error),
    path("async", is_on_the_servers_loop),
    path("async/meet", meet),
]


def _begun(**_: Any) -> None:
    counts.add("requests begun")


def _finished(**_: Any) -> None:
    counts.add("requests torn down")


request_started.connect(_begun)
request_finished.connect(_finished)
app = WSGIHandler()
