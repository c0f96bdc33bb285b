"""Apps that print and then raise an exception, and an app that logs."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment


def logs(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    logging.basicConfig(level=logging.INFO, format="in its own format: %(message)s")
    logging.getLogger("app").info("logged by the app")
    start_response("204 No Content", [])
    return []


def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    print("printed by the app")
    raise ZeroDivisionError


async def asgi(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    print("printed by the app")
    raise ZeroDivisionError
