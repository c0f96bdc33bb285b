"""A Django project on Django's ASGI handler: async and sync views, async streams, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import path

from tests.real.apps.asgi_records import DOWNLOAD, Digest, blocks, breaking, digest, events, work

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
)
django.setup()
_working: set[asyncio.Task[None]] = set()


async def hello(_: HttpRequest) -> HttpResponse:
    return HttpResponse("hello from django", content_type="text/plain")


def sync(_: HttpRequest) -> HttpResponse:
    return HttpResponse("hello from a thread")


async def form(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"name": request.POST["name"], "tags": request.POST.getlist("tag")})


async def files(request: HttpRequest) -> HttpResponse:
    file: Any = request.FILES["file"]
    return JsonResponse({"note": request.POST["note"], "filename": file.name, **digest(file.read())})


async def upload(request: HttpRequest) -> HttpResponse:
    received = Digest()
    while block := request.read(64 * 1024):
        received.feed(block)
    return JsonResponse(received.report())


async def stream(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(blocks(int(request.GET.get("count", 3))), content_type="text/plain")


async def server_sent_events(_: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(events("django"), content_type="text/event-stream")


def download(_: HttpRequest) -> HttpResponseBase:
    return FileResponse(DOWNLOAD.open("rb"))


async def background(_: HttpRequest) -> HttpResponse:
    task = asyncio.ensure_future(work("django"))
    _working.add(task)
    task.add_done_callback(_working.discard)
    return JsonResponse({"status": "working"})


async def fails(_: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken down")


async def breaks(_: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(breaking())


async def login(_: HttpRequest) -> HttpResponse:
    response = HttpResponse("")
    response.set_cookie("name", "ann")
    response.set_cookie("theme", "dark")
    return response


async def visits(request: HttpRequest) -> HttpResponse:
    count = await request.session.aget("visits", 0) + 1
    await request.session.aset("visits", count)
    return JsonResponse({"visits": count})


urlpatterns = [
    path("hello", hello),
    path("sync", sync),
    path("form", form),
    path("files", files),
    path("upload", upload),
    path("stream", stream),
    path("events", server_sent_events),
    path("download", download),
    path("background", background),
    path("fails", fails),
    path("breaks", breaks),
    path("login", login),
    path("visits", visits),
]
app = get_asgi_application()
