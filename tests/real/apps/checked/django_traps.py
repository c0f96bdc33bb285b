"""A Django app with traps: persistent connections, async-only middleware, a relative path, a session of requests."""

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import django
import requests
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.decorators import async_only_middleware


@async_only_middleware  # type: ignore[untyped-decorator]
def stamp(get_response: Callable[[HttpRequest], Awaitable[Any]]) -> Callable[[HttpRequest], Awaitable[Any]]:
    async def middleware(request: HttpRequest) -> Any:
        response = await get_response(request)
        response["X-Stamp"] = "1"
        return response

    return middleware


settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use",
    DATA_UPLOAD_MAX_MEMORY_SIZE=2_000_000_000,
    MIDDLEWARE=[f"{__name__}.stamp"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ":memory:",
            "CONN_MAX_AGE": 60,
        }
    },
)
django.setup()
session = requests.Session()
current = threading.local()


def index(request: HttpRequest) -> HttpResponse:
    current.path = request.path
    return HttpResponse("hello", headers={"Transfer-Encoding": "identity"})


def motto(_request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(open("motto.txt").read())
    except FileNotFoundError:
        return HttpResponse("no motto")


urlpatterns = [path("", index), path("motto/", motto)]
application = WSGIHandler()
