"""The end of the process: the lifespan is shut down, and nothing that still runs can hold it up."""

from __future__ import annotations

import time

import pytest

from . import subprograms
from .test_fork import each_loop

pytestmark = pytest.mark.slow


@each_loop
def test_the_lifespan_is_shut_down_when_the_process_exits(factory: str) -> None:
    """ASGI Lifespan, "Shutdown": few WSGI servers tell an app that they end; the interpreter does."""
    lines = subprograms.run(f"""
        app = make(Told(), {factory})
        fetch(app)
    """)
    assert [line.split()[0] for line in lines] == ["startup", "shutdown"]


def test_the_lifespan_is_shut_down_when_the_main_thread_is_interrupted() -> None:
    """ASGI Lifespan, "Shutdown": Ctrl-C of a server whose main thread serves, as wsgiref's does."""
    lines = subprograms.run("""
        app = make(Told(), None)
        blocks = app(environ(path="/stream"), lambda *_: None)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            for _ in blocks:
                pass
        except KeyboardInterrupt:
            say("interrupted")
    """)
    assert [line.split()[0] for line in lines] == ["startup", "interrupted", "shutdown"]


def test_a_main_thread_that_waits_for_a_silent_app_can_be_interrupted() -> None:
    """Safety: a lock that is waited for without an end in sight must still let a signal through."""
    lines = subprograms.run("""
        async def silent(scope, receive, send):
            say("waiting")
            await asyncio.Event().wait()

        app = make(http_only(silent), None)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            list(app(environ(), lambda *_: None))
        except KeyboardInterrupt:
            say("interrupted")
    """)
    assert lines == ["waiting", "interrupted"]


STUCK = {
    "a stream that nobody reads": """
        exchange = Exchange(make(Told(), None), environ(path="/stream"))
        exchange.call(), exchange.block()
    """,
    "an app that waits for ever": """
        async def silent(scope, receive, send):
            say("waiting")
            await asyncio.Event().wait()

        exchange = Exchange(make(http_only(silent), None))
        exchange.begin_run()
        time.sleep(0.3)
    """,
    "work that never ends": """
        async def works(scope, receive, send):
            await respond(send)
            await asyncio.Event().wait()

        fetch(make(http_only(works), None))
    """,
    "an app that ignores its cancellation for a while": """
        async def stubborn(scope, receive, send):
            await respond(send)
            for _ in range(3):
                try:
                    await asyncio.sleep(0.5)
                except asyncio.CancelledError:
                    continue

        fetch(make(http_only(stubborn), None))
    """,
}


@pytest.mark.parametrize("program", STUCK.values(), ids=STUCK)
def test_the_process_exits_promptly_with(program: str) -> None:
    """Safety: an operator's TERM must not have to become a KILL: servers give their workers half a minute at most."""
    before = time.monotonic()
    subprograms.run(program)
    assert time.monotonic() - before < 8


def test_a_shutdown_that_never_ends_does_not_keep_the_process() -> None:
    """ASGI Lifespan: the server waits for the answer, but not for ever."""
    lines = subprograms.run("""
        async def never_shuts_down(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                say("asked to shut down")
                await asyncio.Event().wait()
            await respond(send)

        fetch(make(never_shuts_down, None))
    """)
    assert lines == ["asked to shut down"]
