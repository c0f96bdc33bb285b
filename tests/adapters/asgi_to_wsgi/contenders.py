"""The adapters that this suite can be run against: ours, and a2wsgi's.

The environment variable CONTRACT_ADAPTER selects the adapter. Default: ours. Programs that tests start inherit the
variable.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = "CONTRACT_ADAPTER"

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True)
class Contender:
    """An adapter: its distribution, and how to create it for an ASGI app with a loop factory (None: its own)."""

    distribution: str
    title: str
    make: Callable[..., Any]
    """Takes the app, the loop factory, and options of this adapter as keywords."""


def _ours(app: Any, loop_factory: LoopFactory | None, **options: Any) -> Any:
    from gateways.adapters.asgi_to_wsgi import ASGIToWSGI

    if loop_factory is not None:
        options["loop_factory"] = loop_factory
    return ASGIToWSGI(app, **options)


def _a2wsgi(app: Any, loop_factory: LoopFactory | None) -> Any:
    from a2wsgi import ASGIMiddleware

    if loop_factory is None:
        return ASGIMiddleware(app)
    loop = loop_factory()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return ASGIMiddleware(app, loop=loop)


CONTENDERS = {
    "gateways": Contender("gateways", "gateways.adapters.ASGIToWSGI", _ours),
    "a2wsgi": Contender("a2wsgi", "a2wsgi.ASGIMiddleware", _a2wsgi),
}


def contender() -> Contender:
    """Return the adapter of this run."""
    return CONTENDERS[os.environ.get(ENVIRONMENT, "gateways")]


def is_ours() -> bool:
    """Return True if it is this project's adapter."""
    return contender().distribution == "gateways"
