"""Waiter: a future whose task continues in the callback that resolves it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from gateways.adapters.concurrency.waiter import Waiter

pytestmark = pytest.mark.timeout(30)

Run = Callable[[Coroutine[Any, Any, None]], None]


def uvloop_factory() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = pytest.importorskip("uvloop").new_event_loop()
    return loop


def python_tasks() -> asyncio.AbstractEventLoop:
    """Return a loop whose tasks are those of asyncio's Python code, as with a task factory of a debugger."""
    loop = asyncio.new_event_loop()
    task: Any = asyncio.tasks._PyTask  # type: ignore[attr-defined]
    loop.set_task_factory(lambda loop, coro, **options: task(coro, loop=loop, **options))
    return loop


@pytest.fixture(params=[asyncio.new_event_loop, uvloop_factory, python_tasks])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a coroutine on a kind of loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def waiting(main: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(main)


async def turn() -> None:
    """Let every callback that is scheduled now run."""
    for _ in range(3):
        await asyncio.sleep(0)


def current_task() -> object:
    """Return the running task. From Python 3.14 on, asyncio.current_task() does not know tasks of its Python code."""
    of_python_code = getattr(asyncio.tasks, "_py_current_task", asyncio.current_task)
    return asyncio.current_task() or of_python_code()


async def wait(waiter: Waiter, seen: list[object]) -> None:
    await waiter
    seen.append(current_task())


def test_the_task_continues_within_the_call(run: Run) -> None:
    async def main() -> None:
        loop, seen = asyncio.get_running_loop(), []  # type: asyncio.AbstractEventLoop, list[object]
        waiter = Waiter(loop=loop)
        task = waiting(wait(waiter, seen))
        await turn()

        def resolve() -> None:
            loop.call_soon(seen.append, "scheduled before the call")
            waiter()
            seen.append("after the call")

        loop.call_soon(resolve)
        await task
        await turn()
        assert seen == [task, "after the call", "scheduled before the call"]

    run(main())


def test_set_result_schedules_the_task_as_usual(run: Run) -> None:
    async def main() -> None:
        seen: list[object] = []
        waiter = Waiter(loop=asyncio.get_running_loop())
        task = waiting(wait(waiter, seen))
        await turn()
        waiter.set_result(None)
        assert seen == []
        await task
        assert seen == [task]

    run(main())


def test_the_task_continues_in_its_own_context(run: Run) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    async def main() -> None:
        waiter = Waiter(loop=asyncio.get_running_loop())

        async def read() -> str:
            variable.set("the task's")
            await waiter
            return variable.get()

        task = waiting(read())
        await turn()
        asyncio.get_running_loop().call_soon(waiter)
        assert await task == "the task's"
        assert variable.get() == "unset"

    run(main())


def test_a_call_before_the_task_waits_is_not_lost(run: Run) -> None:
    async def main() -> None:
        waiter = Waiter(loop=asyncio.get_running_loop())
        waiter()
        await waiter

    run(main())


def test_a_cancelled_task_does_not_continue_twice(run: Run) -> None:
    async def main() -> None:
        waiter = Waiter(loop=asyncio.get_running_loop())
        ended: list[type[BaseException]] = []

        async def read() -> None:
            try:
                await waiter
            except asyncio.CancelledError as error:
                ended.append(type(error))
                raise

        task = waiting(read())
        await turn()
        task.cancel()
        waiter()  # at the same time as the cancellation
        await turn()
        waiter()  # later
        await turn()
        assert task.cancelled()
        assert ended == [asyncio.CancelledError]

    run(main())


def test_a_task_cancelled_after_the_call_is_cancelled_at_its_next_wait(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiter, never = Waiter(loop=loop), loop.create_future()

        async def read() -> None:
            await waiter
            await never

        task = waiting(read())
        await turn()

        def resolve() -> None:
            waiter()
            task.cancel()

        loop.call_soon(resolve)
        await turn()
        assert task.cancelled()

    run(main())


def test_the_error_of_the_task_stays_in_the_task(run: Run) -> None:
    async def main() -> None:
        waiter = Waiter(loop=asyncio.get_running_loop())

        async def fail() -> None:
            await waiter
            raise ValueError("an error of the task")

        task = waiting(fail())
        await turn()
        asyncio.get_running_loop().call_soon(waiter)
        await turn()
        assert isinstance(task.exception(), ValueError)

    run(main())


def test_nothing_keeps_the_task_after_the_call(run: Run) -> None:
    """Safety: a request is freed without the garbage collector."""

    class Thing:
        pass

    async def main() -> None:
        waiter = Waiter(loop=asyncio.get_running_loop())

        async def hold(thing: Thing) -> None:
            await waiter

        thing = Thing()
        freed = weakref.ref(thing)
        task = waiting(hold(thing))
        del thing
        await turn()
        asyncio.get_running_loop().call_soon(waiter)
        await task
        del task
        await turn()
        assert freed() is None

    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="this Python has no eager tasks")
def test_an_eager_task_continues_within_the_call() -> None:
    async def main() -> None:
        loop, seen = asyncio.get_running_loop(), []  # type: asyncio.AbstractEventLoop, list[object]
        eager: Any = vars(asyncio)["eager_task_factory"]
        loop.set_task_factory(eager)
        waiter = Waiter(loop=loop)
        task = waiting(wait(waiter, seen))
        loop.call_soon(waiter)
        await task
        assert seen == [task]

    asyncio.run(main())
