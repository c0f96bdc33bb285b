"""The apps of benchmarks/shares.py: native, native after a thread switch alone, and through the adapter.

Knows the cheapest way to switch from a loop to a thread and back, and the reverse. It must not know how an app is
measured.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .apps import asgi, ours_on_asgi, ours_on_wsgi, wsgi
from .in_process import run_coroutine_threadsafe

__all__ = ["asgi", "ours_on_asgi", "ours_on_wsgi", "switch_on_asgi", "switch_on_wsgi", "wsgi"]

_pool = ThreadPoolExecutor(32)
_loop = asyncio.new_event_loop()
_switch = run_coroutine_threadsafe(_loop)


async def switch_on_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Call an empty function in a worker thread, and then respond as the native app does."""
    if scope["type"] == "http":
        await asyncio.get_running_loop().run_in_executor(_pool, int)
    await asgi(scope, receive, send)


def switch_on_wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Run an empty coroutine on a loop in another thread, and then respond as the native app does."""
    if not _loop.is_running():
        threading.Thread(target=_loop.run_forever, daemon=True).start()
    _switch(environ, start_response)
    return wsgi(environ, start_response)
