"""Find work that outlives the response: threads, jobs of executors, asyncio tasks, background tasks of frameworks."""

import asyncio
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gateways.check.finding import Place
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own

FRAMEWORKS = (("starlette.background", "BackgroundTask", "func"), ("litestar.background_tasks", "BackgroundTask", "fn"))
"""Module, class and attribute of the task objects that frameworks call after the response."""


class Background:
    """Watches threads and jobs that the app's own code starts."""

    def __init__(self, notes: Notes, own: Own) -> None:
        self._notes, self._own = notes, own
        self._importing = True
        self._threads: list[tuple[threading.Thread, Place]] = []
        self._jobs: list[tuple[Future[Any], Place, str]] = []
        self._watch_threads()
        self._watch_executors()

    def _watch_threads(self) -> None:
        original = threading.Thread.start

        def start(this: threading.Thread) -> None:
            caller = sys._getframe(1)  # noqa: SLF001
            original(this)
            # The thread pools of libraries keep threads between requests. These threads are not work of the app.
            if self._importing or self._own.is_own(caller.f_code.co_filename):
                place = self._own.place(caller)
                if place is not None:
                    self._threads.append((this, place))

        threading.Thread.start = start  # type: ignore[method-assign,assignment]

    def _watch_executors(self) -> None:
        original = ThreadPoolExecutor.submit

        def submit(this: ThreadPoolExecutor, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            frame = sys._getframe(1)  # noqa: SLF001 - the caller
            future = original(this, fn, *args, **kwargs)
            if self._own.is_own(frame.f_code.co_filename) and (place := self._own.place(frame)):
                self._jobs.append((future, place, getattr(fn, "__name__", repr(fn))))
            return future

        ThreadPoolExecutor.submit = submit  # type: ignore[method-assign,assignment]

    def imported(self) -> None:
        """Record threads that the import started and that still run. Then start to watch frameworks."""
        for thread, place in self._threads:
            if thread.is_alive():
                self._notes.add("thread-at-import", f"{thread!r} runs after the import", place, name=thread.name)
        self._importing = False
        self.begin()
        for module, name, attribute in FRAMEWORKS:
            if module in sys.modules:
                self._watch_tasks(getattr(sys.modules[module], name), attribute)

    def _watch_tasks(self, kind: Any, attribute: str) -> None:
        original = kind.__call__

        async def call(this: Any) -> Any:
            function = getattr(this, attribute)
            place = self._own.place_of_code(function)
            name = getattr(function, "__name__", repr(function))
            self._notes.add("background", f"{kind.__name__}({name}) runs", place, name=name, how="awaited")
            return await original(this)

        kind.__call__ = call

    def begin(self) -> None:
        """Forget earlier threads and jobs."""
        self._threads.clear()
        self._jobs.clear()

    def end(self) -> None:
        """Record the threads and jobs that still run after the request."""
        for thread, place in self._threads:
            if thread.is_alive():
                self._notes.add(
                    "background", f"{thread!r} runs after the response", place, name=thread.name, how="thread"
                )
        for future, place, name in self._jobs:
            if not future.done():
                self._notes.add("background", f"submit({name}) is still running", place, name=name, how="thread")

    def tasks(self, before: set["asyncio.Task[Any]"]) -> None:
        """Record tasks that the app's own code started on the running loop, and that are not in `before`."""
        for task in asyncio.all_tasks() - before - {asyncio.current_task()}:
            coroutine = task.get_coro()
            if (place := self._own.place_of_code(coroutine)) is not None:
                name = getattr(coroutine, "__qualname__", task.get_name())
                self._notes.add(
                    "background", f"task {name} runs after the app has returned", place, name=name, how="task"
                )
