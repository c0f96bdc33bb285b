"""The loop among green threads: while it waits, others run, and asyncio must not see a running loop in them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATCH = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
PRELUDE = """
import asyncio, threading, warnings
from gateways.adapters.concurrency.loop_thread import LoopThread

async def soon(value):
    await asyncio.sleep(0.01)
    return value
"""


def run(library: str, source: str) -> list[str]:
    """Run a program in which `library` has patched Python; return its lines."""
    return run_program(f"{PATCH[library]}\n{PRELUDE}{textwrap.dedent(source)}")


def run_program(program: str) -> list[str]:
    environ = {**os.environ, "EVENTLET_NO_GREENDNS": "yes"}  # its resolver imports libraries that eventlet breaks
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return list(done.stdout.splitlines())


@pytest.mark.parametrize("library", PATCH)
def test_other_green_threads_may_run_their_own_loops_while_it_waits(library: str) -> None:
    """A running loop makes asgiref's async_to_sync() raise: every sync middleware of Django failed under ASGI."""
    lines = run(
        library,
        """
        thread = LoopThread(None)
        print(thread.run(soon("first")).result(10))
        print(asyncio._get_running_loop())
        print(asyncio.run(soon("own")))
        waiting = thread.run(soon("second"))
        print(asyncio.run(soon("beside")), waiting.result(10))
        thread.stop()
        """,
    )
    assert lines == ["first", "None", "own", "beside second"]


@pytest.mark.parametrize("library", PATCH)
def test_a_green_thread_sees_its_own_running_loop_after_another_has_run(library: str) -> None:
    lines = run(
        library,
        """
        thread = LoopThread(None)

        async def own():
            loop, found = asyncio.get_running_loop(), set()
            for _ in range(20):
                waiting = thread.run(soon(None))
                await asyncio.sleep(0.005)
                found.add(asyncio.get_running_loop() is loop)
                await asyncio.wrap_future(waiting)
            return found

        async def theirs():
            return asyncio.get_running_loop() is thread._asyncio

        print(asyncio.run(own()), thread.run(theirs()).result(10))
        thread.stop()
        """,
    )
    assert lines == ["{True} True"]


@pytest.mark.parametrize("library", PATCH)
def test_a_loop_that_would_block_all_green_threads_is_refused(library: str) -> None:
    """Each request waited forever, without an error: uvloop waits in C."""
    lines = run(
        library,
        """
        import uvloop
        try:
            LoopThread(uvloop.new_event_loop)
        except RuntimeError as error:
            print(error)
        """,
    )
    assert lines[0].startswith("uvloop.Loop cannot run under gevent or eventlet"), lines


@pytest.mark.parametrize("library", PATCH)
def test_an_adapter_that_was_created_before_the_patch_serves_requests_at_once(library: str) -> None:
    """Gunicorn --preload imports the app before gevent patches: a lock from before stopped the whole process."""
    lines = run_program(
        f"""
import asyncio, threading
from gateways.adapters import ASGIToWSGI
from tests.adapters.asgi_to_wsgi.request import environ
from gateways.adapters.concurrency import spare_threads

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await asyncio.sleep(0.05)
        await send({{"type": "lifespan.startup.complete"}})
        await receive()
        await send({{"type": "lifespan.shutdown.complete"}})
    else:
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": b"served"}})

adapter = ASGIToWSGI(app)
{PATCH[library]}
served = []
def call():
    served.extend(adapter(environ(), lambda status, headers: None))
threads = [threading.Thread(target=call) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(served)

first, second = threading.Event(), threading.Event()
spare_threads.run(first.set)
first.wait(5)
spare_threads.run(second.set)  # in the same thread, which must not stop the others while it waits for its next call
print(second.wait(5))
adapter.close()
"""
    )
    assert lines == ["[b'served', b'served', b'served']", "True"]
