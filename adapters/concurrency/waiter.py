"""An asyncio future that can run its task in the callback that resolves it.

asyncio's own future schedules its task for the loop's next iteration. The callback saves that iteration: a handle and a
poll of the selector.

Knows how asyncio's tasks use a future. It must not know the purpose of the future.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

Step = Callable[[Any], object]


class Waiter(asyncio.Future[None]):
    """A future that one task awaits. set_result() schedules the task, as usual. Calling the future runs the task."""

    _step: Step | None = None
    _context: Context | None = None

    def add_done_callback(self, step: Step, /, *, context: Context | None = None) -> None:
        """Remember the next step of the task that awaits this future, and the task's context."""
        self._step, self._context = step, context
        asyncio.Future.add_done_callback(self, step, context=context)

    def __call__(self) -> None:
        """Resolve the future if it is pending, and run its task until the task waits again.

        Call it from a callback of the loop, where no task runs. Raises SystemExit and KeyboardInterrupt of the task, as
        the loop does.
        """
        if self.done():
            return
        step, context = self._step, self._context
        if step is None or context is None:  # the task does not wait yet
            return self.set_result(None)
        self._step = None  # breaks a reference cycle with the task
        self.remove_done_callback(step)
        self.set_result(None)
        context.run(step, self)
