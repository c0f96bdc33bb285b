"""All the apps of this folder behind one adapter: the first label of the Host selects one; `wsgi` needs no framework.

An ASGI server runs `tests.real.apps.wsgi_all:app`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

from gateways.adapters import WSGIToASGI
from tests.real.apps import meeting, wsgi_bottle, wsgi_django, wsgi_falcon, wsgi_flask, wsgi_pyramid
from tests.real.apps.wsgi_records import counts, gates


def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Return facts about the process and its environ as JSON. /open?gate=NAME lets a stream continue. /unchanged is a
    304 with the length of its page.
    """
    if environ["PATH_INFO"] == "/unchanged":
        start_response("304 Not Modified", [("ETag", '"1"'), ("Content-Length", "5")])
        return []
    if environ["PATH_INFO"] == "/open":
        gates[parse_qs(environ["QUERY_STRING"])["gate"][0]].set()
    report: dict[str, Any] = {
        "counts": counts.report(),
        "pid": os.getpid(),
        "threads": threading.active_count(),
        "environ": {key: value for key, value in environ.items() if isinstance(value, str)},
    }
    body = json.dumps(report).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


FRAMEWORKS: dict[str, WSGIApplication] = {
    "flask": wsgi_flask.app,
    "django": wsgi_django.app,
    "bottle": wsgi_bottle.app,
    "falcon": wsgi_falcon.app,
    "pyramid": wsgi_pyramid.app,
}
_HOSTS: dict[str, Callable[..., Iterable[bytes]]] = {**FRAMEWORKS, "wsgi": validator(bare)}


def by_host(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return _HOSTS[environ["HTTP_HOST"].partition(".")[0]](environ, start_response)


adapter = WSGIToASGI(by_host)


async def app(scope: Any, receive: Any, send: Any) -> None:
    meeting.note_the_servers_loop()
    await adapter(scope, receive, send)
