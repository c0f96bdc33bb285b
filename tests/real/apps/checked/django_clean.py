"""A Django app that runs the same everywhere; it has a WSGI and an ASGI form."""

from pathlib import Path

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()


def index(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"path": request.path})


def source(_request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def empty(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def rows(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter(["a", "b"]), content_type="text/plain")


urlpatterns = [path("", index), path("source", source), path("empty", empty), path("rows/", rows)]
application = WSGIHandler()
asgi = ASGIHandler()
