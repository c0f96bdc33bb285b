"""The URLs of the Django site."""

import hashlib
import time
from collections.abc import Iterator

from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.static import serve

from tests.real.native.apps.place import prepare

STATIC = prepare()


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>A page</h1>" + " of words" * 200)


def file(request: HttpRequest) -> HttpResponseBase:
    return serve(request, "page.txt", document_root=str(STATIC))


def download(request: HttpRequest) -> HttpResponseBase:
    return FileResponse((STATIC / "data.bin").open("rb"), as_attachment=True)


@csrf_exempt  # type: ignore[untyped-decorator]
def form(request: HttpRequest) -> HttpResponse:
    return JsonResponse(request.POST.dict())


@csrf_exempt  # type: ignore[untyped-decorator]
def upload(request: HttpRequest) -> HttpResponse:
    files = {name: hashlib.sha256(each.read()).hexdigest() for name, each in request.FILES.items()}
    body = "" if files else hashlib.sha256(request.body).hexdigest()
    return JsonResponse({"files": files, "body": body})


def stream(request: HttpRequest) -> HttpResponseBase:
    def blocks() -> Iterator[str]:
        for number in range(4):
            yield f"{number}\n"
            time.sleep(0.15)  # the test needs this pause

    return StreamingHttpResponse(blocks(), content_type="text/plain")


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.GET["word"])


def session(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(f"visit {request.session['visits']}")


def error(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as planned")


urlpatterns = [
    path("", page),
    path("admin/", admin.site.urls),
    path("file", file),
    path("download", download),
    path("form", form),
    path("upload", upload),
    path("stream", stream),
    path("echo", echo),
    path("session", session),
    path("redirect", lambda request: redirect("/echo?word=there")),
    path("error", error),
]
