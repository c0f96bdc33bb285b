"""A typical bookshop in Django: models in SQLite, middleware, a template, a view that queries its database.

BOOKS names the database file, which is created if it does not exist.
"""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, models
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["BOOKS"]}},
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    USE_TZ=True,
)
django.setup(set_prefix=False)


class Book(models.Model):  # type: ignore[misc]  # Django is untyped
    title = models.CharField(max_length=200)
    author = models.CharField(max_length=100)
    pence = models.IntegerField()

    class Meta:
        app_label = "books"
        ordering = ("title",)

    def __str__(self) -> str:
        return str(self.title)


PAGE = engines["django"].from_string(
    "<title>Books</title><ul>{% for book in books %}<li><a href='/books/{{ book.pk }}'>{{ book.title }}</a>"
    " by {{ book.author|title }}, £{{ book.pounds }}</li>{% endfor %}</ul>"
)


def books(request: Any) -> Any:
    found = list(Book.objects.filter(pence__lt=2000)[:20])
    for book in found:
        book.pounds = f"{book.pence / 100:.2f}"
    return HttpResponse(PAGE.render({"books": found}, request))


def book(_: Any, number: int) -> Any:
    found = Book.objects.get(pk=number)
    return JsonResponse({"title": found.title, "author": found.author, "pence": found.pence})


def prepare() -> None:
    if Book._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Book)
        Book.objects.bulk_create(
            Book(title=f"Volume {n:03}", author=f"author {n % 7}", pence=500 + 37 * n) for n in range(100)
        )
    connection.close()


urlpatterns = [path("books", books), path("books/<int:number>", book)]
prepare()
app = WSGIHandler()
asgi = ASGIHandler()
