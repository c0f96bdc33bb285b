"""Servers whose threads are greenlets: the loop is woken for a future that another greenlet resolves."""

from __future__ import annotations

import pytest

from . import subprograms

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import os, warnings; os.environ['EVENTLET_NO_GREENDNS'] = 'yes'; warnings.simplefilter('ignore'); "
    "import eventlet; eventlet.monkey_patch()",
}


@pytest.mark.parametrize("library", PATCHES)
def test_a_loop_among_greenlets_is_woken_by_a_resolved_future(library: str) -> None:
    """Ours: from Python 3.13.12 and 3.14.3 on, to_thread() does not wake a loop in its own thread (gevent issue 2213).

    A loop that is not woken sleeps until its next timer: 0.4 seconds for each of the 25 waits, and fetch() gives up
    after 5.
    """
    lines = subprograms.run(
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                for _ in range(25):
                    await asyncio.to_thread(time.sleep, 0.001)
                await respond(send, b"done")

        say(fetch(make(app, None)).body.decode())
        """,
        limit=50,
        first=PATCHES[library] + "\n",
    )
    assert lines == ["done"]


@pytest.mark.parametrize("library", PATCHES)
def test_a_thread_that_the_loop_starts_runs_no_loop(library: str) -> None:
    """Safety: a green thread runs while the loop waits for its start; the first request of WsgiToAsgi failed there."""
    lines = subprograms.run(
        """
        async def nothing():
            return asyncio.get_running_loop() is not None

        async def app(scope, receive, send):
            if scope["type"] == "http":
                at_first = await asyncio.to_thread(asyncio.run, nothing())
                assert asyncio.get_running_loop() is not None
                await respond(send, repr(at_first).encode())

        say(fetch(make(app, None)).body.decode())
        """,
        limit=50,
        first=PATCHES[library] + "\n",
    )
    assert lines == ["True"]
