"""Code of a user: the six adapters in a file that mypy --strict checks."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from gateways.adapters import (
    ASGIToCGI,
    ASGIToWSGI,
    CGIToASGI,
    CGIToWSGI,
    ClientDisconnected,
    WSGIToASGI,
    WSGIToCGI,
    adapt,
)


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    try:
        body: bytes = environ["wsgi.input"].read()
    except ClientDisconnected:
        body = b""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


async def asgi(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


on_asgi: list[object] = [WSGIToASGI(wsgi, threads=8, spool=0), CGIToASGI("cgi-bin", prefix="/cgi-bin", warm=True)]
on_wsgi: list[WSGIApplication] = [
    ASGIToWSGI(asgi),
    CGIToWSGI("cgi-bin", env={"A": "b"}, timeouts={"head": 30, "total": None}),
    adapt(asgi, "asgi", "wsgi"),
]
programs = [WSGIToCGI(wsgi, script_name=""), ASGIToCGI(asgi)]
native: ASGI3Application = asgi


def main() -> None:
    for program in programs:
        program.run()
    for each in (WSGIToASGI(wsgi), ASGIToWSGI(asgi), CGIToASGI("cgi-bin"), CGIToWSGI("cgi-bin")):
        each.close()
