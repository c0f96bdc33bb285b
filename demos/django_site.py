"""A Django site with admin, sessions, messages and uploads, for the first migration.

    $ python django_site.py reset
    $ gunicorn django_site:app

`reset` creates a new database with one user: ada, password "engine".
"""

import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseNotFound,
    HttpResponseRedirect,
    JsonResponse,
)
from django.middleware.csrf import get_token
from django.urls import path
from django.utils.html import format_html

HERE = Path.cwd()
UPLOADS = HERE / "uploads"
DATABASE = HERE / "site.sqlite3"
CONTRIB = [
    f"django.contrib.{name}"
    for name in ("admin", "auth", "contenttypes", "sessions", "messages")
]

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    INSTALLED_APPS=CONTRIB,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ],  # a fast hash, only for this example
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this example",  # noqa: S106
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    USE_TZ=True,
)
django.setup()


def upload(request: Any) -> Any:
    """Store a posted file, or show a form. The session lists the visitor's uploads."""
    if request.method == "POST":
        file: UploadedFile = request.FILES["file"]
        UPLOADS.mkdir(exist_ok=True)
        (UPLOADS / Path(file.name or "file").name).write_bytes(file.read())
        request.session["uploads"] = [*request.session.get("uploads", []), file.name]
        messages.success(request, f"{file.name}: {file.size} bytes")
        return HttpResponseRedirect("/")
    said = [str(each) for each in messages.get_messages(request)]
    form = "<p>{}</p><form method=post><input name=csrfmiddlewaretoken value={}></form>"
    return HttpResponse(format_html(form, "; ".join(said) or "no news", get_token(request)))


def uploads(request: Any) -> Any:
    return JsonResponse({"uploads": request.session.get("uploads", [])})


def download(_: Any, name: str) -> Any:
    file = UPLOADS / Path(name).name
    return (
        FileResponse(file.open("rb"))
        if file.is_file()
        else HttpResponseNotFound("no such upload\n")
    )


urlpatterns = [
    path("", upload),
    path("uploads", uploads),
    path("uploads/<name>", download),
    path("admin/", admin.site.urls),
]
app = get_wsgi_application()

if __name__ == "__main__" and sys.argv[1:] == ["reset"]:
    from django.contrib.auth.models import User

    DATABASE.unlink(missing_ok=True)
    for each in UPLOADS.glob("*"):
        each.unlink()
    call_command("migrate", verbosity=0)
    User.objects.create_superuser("ada", "ada@example.org", "engine")
