"""Event loops for green threads. gevent and eventlet run many Python threads in one operating system thread.

Knows that asyncio records one running loop for each operating system thread. It must not know the code that runs on a
loop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def new_event_loop(factory: Callable[[], asyncio.AbstractEventLoop] | None) -> asyncio.AbstractEventLoop:
    """Return a loop for a green thread.

    Raises RuntimeError if the factory creates a loop that waits in C code, such as uvloop. While such a loop waits, no
    other green thread could run.
    """
    if factory is None:
        return _loop()
    loop = factory()
    if not isinstance(loop, asyncio.SelectorEventLoop):
        loop.close()
        raise RuntimeError(
            f"{type(loop).__module__}.{type(loop).__qualname__} cannot run under gevent or eventlet: while it waits, no"
            " green thread runs. Leave out loop_factory, or use a server with threads"
        )
    return loop


def _loop() -> asyncio.SelectorEventLoop:
    """Return a loop that uses the patched modules. asyncio records it as running only while it runs code.

    While this loop waits for events, or for an executor to start a thread, other green threads run. If asyncio still
    recorded this loop as running, asyncio.run() and asgiref's async_to_sync() would fail in all of them.
    """
    others: asyncio.AbstractEventLoop | None = None  # the loop that another green thread runs while this loop waits

    @contextmanager
    def waiting() -> Iterator[None]:
        nonlocal others
        own = asyncio._get_running_loop()  # noqa: SLF001 - documented in asyncio.events, for event loops
        asyncio._set_running_loop(others)  # noqa: SLF001
        try:
            yield
        finally:
            others = asyncio._get_running_loop()  # noqa: SLF001
            asyncio._set_running_loop(own)  # noqa: SLF001

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            with waiting():
                return super().select(timeout)

    class Loop(asyncio.SelectorEventLoop):
        def run_in_executor(  # type: ignore[override]
            self, executor: Any, func: Callable[..., Any], *args: Any
        ) -> asyncio.Future[Any]:
            with waiting():
                return super().run_in_executor(executor, func, *args)

    return Loop(Selector())
