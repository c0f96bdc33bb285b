"""Event loops among green threads: gevent and eventlet run many of Python's threads in one thread of the system.

Knows that asyncio records its running loop for each thread of the system. It must not know what
runs on a loop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable


def new_event_loop(factory: Callable[[], asyncio.AbstractEventLoop] | None) -> asyncio.AbstractEventLoop:
    """Return a loop for a green thread.

    Raises RuntimeError if the factory's loop, for example uvloop's, waits outside of Python: no other green thread
    would run until it returns.
    """
    if factory is None:
        return asyncio.SelectorEventLoop(_selector())
    loop = factory()
    if not isinstance(loop, asyncio.SelectorEventLoop):
        loop.close()
        raise RuntimeError(
            f"{type(loop).__module__}.{type(loop).__qualname__} cannot run under gevent or eventlet: while it waits, no"
            " green thread runs. Leave out loop_factory, or use a server with threads"
        )
    return loop


def _selector() -> selectors.BaseSelector:
    """Return a selector, already patched, for a loop that asyncio records as running only while it runs code.

    Other green threads run while this loop waits. If asyncio still recorded the loop as running, asyncio.run() and
    asgiref's async_to_sync() would fail in all of them.
    """

    class Selector(selectors.DefaultSelector):
        _others: asyncio.AbstractEventLoop | None = None  # the loop that another green thread runs meanwhile

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            own = asyncio._get_running_loop()  # noqa: SLF001 - documented in asyncio.events, for event loops
            asyncio._set_running_loop(self._others)  # noqa: SLF001
            try:
                return super().select(timeout)
            finally:
                self._others = asyncio._get_running_loop()  # noqa: SLF001
                asyncio._set_running_loop(own)  # noqa: SLF001

    return Selector()
