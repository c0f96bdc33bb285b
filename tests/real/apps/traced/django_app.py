"""A Django app in one file, to be traced."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for this test", DEBUG=False)


def page(_: HttpRequest) -> HttpResponse:
    return HttpResponse("a page by Django")


urlpatterns = [path("page", page)]
application = get_wsgi_application()
