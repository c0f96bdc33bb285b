"""Apps in unusual but valid forms: a partial, an object, a class, ASGI 2, PEP 333's class."""

import functools
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response


def _told(word: str, body: bytes) -> bytes:
    return json.dumps({"word": word.removeprefix("/inside/"), "body": body.decode()}).encode()


def answer(
    status: str, environ: WSGIEnvironment, start_response: StartResponse, *, kind: str = "application/json"
) -> Iterable[bytes]:
    """A WSGI app with an additional first argument."""
    start_response(status, [("Content-Type", kind)])
    return [_told(environ["PATH_INFO"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))]


partial = functools.partial(answer, "200 OK")


class Callable2:
    """Created without arguments, called as a WSGI app."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        return partial(environ, start_response)


instance = Callable2()


class Iterated:
    """PEP 3333, "The Application/Framework Side": a class whose instances are the iterable."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._blocks = partial(environ, start_response)

    def __iter__(self) -> Iterator[bytes]:
        yield from self._blocks


class Awaited(HTTPEndpoint):
    """ASGI 3 as a class whose instances are awaited."""

    async def post(self, request: Request) -> Response:
        """Answer."""
        return Response(_told(request.url.path, await request.body()), media_type="application/json")


class Double:
    """ASGI 2: created with a scope, called with the rest. It has no lifespan."""

    def __init__(self, scope: dict[str, Any]) -> None:
        if scope["type"] != "http":
            raise ValueError(scope["type"])
        self._path = scope["path"]

    async def __call__(
        self, receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        """Answer."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _told(self._path, body)})
