"""Applications: uploads with the cgi module, its traceback pages, frameworks as CGI programs, and a tracker."""

from typing import Any

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom, get

BOUNDARY = "----upload"


def upload(number: int) -> dict[str, Any]:
    """A form with a text and a file; the file is small in some requests and large in others."""
    data = f"file {number} ".encode() * (1 if number % 2 else 5000)
    parts = [
        (b'form-data; name="title"', f"title {number}".encode()),
        (b'form-data; name="file"; filename="a.txt"', data),
    ]
    body = b"".join(
        b"--%b\r\nContent-Disposition: %b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), disposition, content)
        for disposition, content in parts
    )
    headers = [("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")]
    return {"target": "", "method": "POST", "headers": headers, "body": body + f"--{BOUNDARY}--\r\n".encode()}


def at_root(number: int) -> dict[str, Any]:
    """A request of an application, whose paths end with a slash."""
    return get(number) | {"target": f"/?number={number}"}


def page_of_the_tracker(number: int) -> dict[str, Any]:
    """The pages of a tracker without a login."""
    return {"target": ("/", "/user", "/query", "/no_such_page", "/@@file/style.css")[number % 5]}


FLASK = """
from flask import Flask, request, session
from gateways.adapters import WSGIToCGI
app = Flask(__name__)
app.secret_key = "not one"
@app.get("/")
def home():
    session["number"] = request.args["number"]
    return {"number": request.args["number"], "user": request.headers["X-User"], "root": request.root_path}
WSGIToCGI(app).run()
"""
FASTAPI = """
from fastapi import FastAPI, Header
from gateways.adapters import ASGIToCGI
app = FastAPI()
@app.get("/")
async def home(number: int, x_user: str = Header()):
    return {"number": number, "user": x_user}
ASGIToCGI(app).run()
"""
DJANGO = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.wsgi import get_wsgi_application
from gateways.adapters import WSGIToCGI
WSGIToCGI(get_wsgi_application()).run()
"""
DJANGO_FILES = {
    "settings.py": "import os\nUSER = os.environ.get('HTTP_X_USER')\nSECRET_KEY = 'not one'\nALLOWED_HOSTS = ['*']\n"
    "ROOT_URLCONF = 'pages'\nINSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes']\n"
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\nUSE_TZ = True\n",
    "pages.py": "from django.conf import settings\nfrom django.http import HttpResponse\nfrom django.urls import path\n"
    "def home(request): return HttpResponse(f\"{request.GET['number']} {settings.USER} {request.get_full_path()}\")\n"
    "urlpatterns = [path('', home)]\n",
}
TRACKER = """
import os
from pathlib import Path
from roundup.cgi.wsgi_handler import RequestDispatcher
from wsgiref.handlers import CGIHandler
CGIHandler().run(RequestDispatcher(str(Path(__file__).parent / "tracker")))
"""
APPS = {
    "form_at_import": Idiom(
        f"import mine\n{HEAD}print(mine.form.getvalue('title'), len(mine.form['file'].value), mine.form['file'].filename)",
        {"mine.py": "import cgi\nform = cgi.FieldStorage()\n"},
        request=upload,
    ),
    "form": Idiom(
        f"import cgi\nform = cgi.FieldStorage()\n{HEAD}print(form['title'].value, form['file'].file.read()[-20:], sorted(form.keys()))",
        request=upload,
    ),
    "traceback_page": Idiom(
        "import cgitb\ncgitb.enable()\nimport os\nprint('Content-Type: text/html\\n')\ndef fail(query): return 1 / 0\nfail(os.environ['QUERY_STRING'])",
        varies=r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}|0x[0-9a-f]+",
        fault="exit status 1",
    ),
    "flask": Idiom(FLASK, request=at_root, varies=r"session=[\w.-]+"),
    "fastapi": Idiom(FASTAPI, request=at_root),
    "django": Idiom(DJANGO, DJANGO_FILES, request=at_root),
    "tracker": Idiom(
        TRACKER,
        requests=5,
        request=page_of_the_tracker,
        random=r'(?:nonce|value)="([\w-]{54,})"',
        varies=r"\d\d:\d\d:\d\d",
    ),
}
