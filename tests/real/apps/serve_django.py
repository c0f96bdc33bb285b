"""Django's two handlers, created by Django's own functions."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of a test")


def inside(request: HttpRequest, word: str) -> JsonResponse:
    """Return facts about the request."""
    return JsonResponse(
        {"word": word, "root": request.path.removesuffix(f"/inside/{word}"), "body": request.body.decode()}
        | {"process": os.getpid()}
    )


urlpatterns = [path("inside/<str:word>", inside)]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
