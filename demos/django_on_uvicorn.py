"""A Django project with sync and async views, on uvicorn. It uses Django's WSGI handler.

Use this if a few views should await other services, while the middleware and most views
stay sync. Only one line in wsgi.py changes. Sync views run in worker threads. All async
views run on uvicorn's loop, so they can share objects such as a connection pool. This has
two advantages over Django's ASGI handler: streams of sync views are sent block by block,
and CONN_MAX_AGE works, because threads are reused.

    $ uvicorn demos.django_on_uvicorn:app
    $ curl localhost:8000/next & sleep 1; curl -d news localhost:8000/tell
    $ curl localhost:8000/where localhost:8000/where/async
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from gateways.adapters import WSGIToASGI

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(),
    USE_TZ=True,
)
waiting: set[asyncio.Future[str]] = set()  # each is bound to the loop of its request


def where(_: Any) -> Any:
    return JsonResponse({"view": "sync", "thread": threading.current_thread().name})


async def where_async(_: Any) -> Any:
    return JsonResponse({"view": "async", "thread": threading.current_thread().name})


async def next_message(_: Any) -> Any:
    """Wait for a message from another request."""
    message = asyncio.get_running_loop().create_future()
    waiting.add(message)
    try:
        return HttpResponse(await asyncio.wait_for(message, timeout=20))
    finally:
        waiting.discard(message)


async def tell(request: Any) -> Any:
    for message in waiting:
        if not message.done():
            # This needs no lock, because all async views run on one loop.
            message.set_result(request.body.decode())
    return JsonResponse({"told": len(waiting)})


def report(_: Any) -> Any:
    def rows() -> Iterator[str]:
        for number in range(4):
            time.sleep(0.1)
            yield f"row {number}\n"

    return StreamingHttpResponse(rows(), content_type="text/plain")


urlpatterns = [
    path("where", where),
    path("where/async", where_async),
    path("next", next_message),
    path("tell", tell),
    path("report", report),
]
app = WSGIToASGI(get_wsgi_application())
