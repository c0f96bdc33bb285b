"""A loop's mailbox and sweep: a failing call does not affect others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from gateways.adapters.concurrency.loops import CROWD, running_loop
from tests.adapters.wsgi_to_asgi.conftest import kind, loop  # noqa: F401 - fixtures
from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Loop


class Failing:
    """A call that always raises."""

    def __call__(self) -> None:
        raise ValueError("this call fails")


class Watched:
    """An object that a loop looks at."""

    def __init__(self, look: Callable[[], object]) -> None:
        self.look = look


def test_calls_queued_behind_a_failing_one_still_run(loop: Loop, kind: str) -> None:  # noqa: F811
    """Safety: no posted call is lost, even without another post()."""
    if kind == "trio":
        pytest.skip("trio itself ends its run when a call from another thread raises")
    done = threading.Event()

    def post() -> None:
        ours = running_loop()
        ours.post(Failing())
        ours.post(done.set)

    loop.soon(post)
    assert done.wait(PATIENCE)
    loop.complaints.clear()


def test_a_sweep_continues_after_a_call_that_raised(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    """Safety: later requests are still watched."""
    first, second, late = threading.Event(), threading.Event(), threading.Event()

    def attend() -> None:
        for call in (first.set, Failing(), second.set):
            running_loop().attend(Watched(call))

    loop.soon(attend)
    assert first.wait(PATIENCE)
    assert second.wait(PATIENCE)
    assert "this call fails" in caplog.text
    loop.call(lambda: running_loop().attend(Watched(late.set)))
    assert late.wait(PATIENCE)


def test_requests_that_came_together_are_not_expected_to_come_singly(loop: Loop) -> None:  # noqa: F811
    """Speed: a request is served immediately while requests come singly, otherwise together with the next ones."""

    def attend() -> list[bool]:
        ours, first, second = running_loop(), Watched(int), Watched(int)
        singly = [ours.attend(first), ours.attend(second)]
        ours.leave(first)
        ours.leave(second)
        for _ in range(CROWD + 1):
            singly.append(ours.attend(first))
            ours.leave(first)
        return singly

    assert loop.call(attend) == [True, False, *[False] * CROWD, True]
