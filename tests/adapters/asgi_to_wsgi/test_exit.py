"""The end of the process: the lifespan is shut down, and running work cannot block the exit."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest

from tests.pythons import needs, require

from . import subprograms
from .test_fork import each_loop

pytestmark = pytest.mark.slow


@each_loop
def test_the_lifespan_is_shut_down_when_the_process_exits(factory: str) -> None:
    """ASGI Lifespan, "Shutdown": few WSGI servers notify an app at shutdown, but the interpreter does."""
    lines = subprograms.run(f"""
        app = make(Told(), {factory})
        fetch(app)
    """)
    assert [line.split()[0] for line in lines] == ["startup", "shutdown"]


def test_the_lifespan_is_shut_down_when_the_main_thread_is_interrupted() -> None:
    """ASGI Lifespan, "Shutdown": Ctrl-C on a server whose main thread serves requests, such as wsgiref's."""
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
    """Safety: a thread that waits for a lock without a limit must still handle signals."""
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
    "a stream that is not read": """
        exchange = Exchange(make(Told(), None), environ(path="/stream"))
        exchange.call(), exchange.block()
    """,
    "an app that never returns": """
        async def silent(scope, receive, send):
            say("waiting")
            await asyncio.Event().wait()

        exchange = Exchange(make(http_only(silent), None))
        exchange.begin_run()
        time.sleep(0.3)
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
def test_the_process_exits_promptly_despite_unfinished_work(program: str) -> None:
    """Safety: SIGTERM must suffice: servers give their workers half a minute at most before SIGKILL."""
    before = time.monotonic()
    subprograms.run(program)
    assert time.monotonic() - before < 18


def test_a_shutdown_that_hangs_does_not_prevent_the_exit() -> None:
    """ASGI Lifespan: the server waits for the reply, but not forever; the timeout of 10 seconds is shortened here."""
    lines = subprograms.run("""
        import gateways.adapters.run_asgi.running as running
        running.CLOSE_SECONDS = 0.5

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


WORKS = """
        async def works(scope, receive, send):
            await respond(send)
            try:
                await asyncio.sleep(SECONDS)
                say("worked")
            except asyncio.CancelledError:
                say("cancelled")
                raise

        fetch(make(http_only(works), None))
"""


def test_the_exit_waits_for_work_after_a_response() -> None:
    """Ours: a worker that is replaced must not lose background work."""
    assert subprograms.run(WORKS.replace("SECONDS", "1.5")) == ["worked"]


def test_the_exit_cancels_background_work_after_the_timeout() -> None:
    """Safety: the default is 30 seconds, like a server's graceful timeout; it is shortened here."""
    lines = subprograms.run(
        """
        import gateways.adapters.run_asgi.running as running
        running.DRAIN_SECONDS = 0.5
        """
        + WORKS.replace("SECONDS", "60")
    )
    assert lines == ["cancelled"]


def test_a_second_interrupt_ends_the_wait_for_background_work() -> None:
    """Safety: a second Ctrl-C stops at once."""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", subprograms.PRELUDE + textwrap.dedent(WORKS.replace("SECONDS", "60")) + INTERRUPT],
        cwd=subprograms.ROOT,
        capture_output=True,
        timeout=40,
        check=False,
    )
    assert time.monotonic() - before < 28, done.stderr


INTERRUPT = "threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"

SHUTDOWNS = {
    "an executor": "await asyncio.to_thread(say, 'done')",
    "its own thread pool": """with concurrent.futures.ThreadPoolExecutor() as pool:
                    await asyncio.get_running_loop().run_in_executor(pool, say, 'done')""",
    "a process pool": """with concurrent.futures.ProcessPoolExecutor(1) as pool:
                    await asyncio.get_running_loop().run_in_executor(pool, say, 'done')""",
    "a name look-up": """await asyncio.get_running_loop().getaddrinfo('localhost', 80)
                say('done')""",
    "a subprocess": """process = await asyncio.create_subprocess_exec('echo', 'done')
                await process.wait()""",
    "a thread of AnyIO's": "await anyio.to_thread.run_sync(say, 'done')",
    "a thread": """thread = threading.Thread(target=say, args=('done',))
                thread.start()
                thread.join()""",
}


NEED_THREADS = {"its own thread pool", "a process pool", "a subprocess", "a thread of AnyIO's", "a thread"}


@pytest.mark.parametrize("name", SHUTDOWNS)
def test_a_shutdown_at_exit_can_use_threads_and_processes(name: str) -> None:
    """ASGI Lifespan: the same works as on an ASGI server, whose loop ends long before the interpreter."""
    if name in NEED_THREADS:
        require("threads at exit")
    work = SHUTDOWNS[name]
    lines = subprograms.run(f"""
        import anyio, concurrent.futures
        pools = (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor)

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                await send({{"type": "lifespan.startup.complete"}})
                await receive()
                {work}
                await send({{"type": "lifespan.shutdown.complete"}})
            else:
                await respond(send)

        fetch(make(app, None))
    """)
    assert lines == ["done"]


@needs("threads at exit")
def test_a_shutdown_at_exit_can_be_the_first_to_use_a_process_pool() -> None:
    """ASGI Lifespan: concurrent.futures imports its pools on first use, and registers exit hooks then."""
    lines = subprograms.run(f"""
        import concurrent.futures

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                await send({{"type": "lifespan.startup.complete"}})
                await receive()
                {SHUTDOWNS["a process pool"]}
                await send({{"type": "lifespan.shutdown.complete"}})
            else:
                await respond(send)

        fetch(make(app, None))
    """)
    assert lines == ["done"]


def test_a_task_cancelled_at_exit_can_clean_up() -> None:
    """Ours: as in asyncio.run(), which waits for cancelled tasks, because they close connections or write data."""
    lines = subprograms.run("""
        tasks = []

        async def works():
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(1.5)
                say("cleaned up")

        async def app(scope, receive, send):
            tasks.append(asyncio.ensure_future(works()))
            await respond(send)

        fetch(make(http_only(app), None))
    """)
    assert lines == ["cleaned up"]


def test_an_adapter_that_was_collected_just_before_the_exit_is_shut_down() -> None:
    """ASGI Lifespan: the shutdown runs on a separate thread, and the exit must wait for it."""
    lines = subprograms.run("""
        import gc

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await asyncio.sleep(1)
                say("shut down")
                await send({"type": "lifespan.shutdown.complete"})
            else:
                await respond(send)

        adapter = make(app, None)
        fetch(adapter)
        del adapter
        gc.collect()
    """)
    assert lines == ["shut down"]


def test_a_response_that_a_thread_sends_at_exit_is_completed() -> None:
    """Ours: non-daemon threads, such as those of socketserver, may finish before the interpreter exits."""
    lines = subprograms.run("""
        async def slow(scope, receive, send):
            await send(start())
            for number in range(5):
                await send(body(b"block", True))
                await asyncio.sleep(0.4)
            await send(body(b"end"))

        app = make(http_only(slow), None)
        threading.Thread(target=lambda: say(b"".join(app(environ(), lambda *_: None)).decode())).start()
        time.sleep(0.5)
    """)
    assert lines == ["block" * 5 + "end"]


def test_the_exit_starts_no_thread_to_close_an_adapter_that_it_frees() -> None:
    """Ours: Python 3.12.0 to 3.12.2 start no thread at exit; the attempt prints a traceback."""
    lines = subprograms.run("""
        start = threading.Thread.start

        def started(thread):
            if thread.name == "asgi-to-wsgi-close":
                say("started")
            start(thread)

        async def stubborn(scope, receive, send):
            await respond(send)
            await asyncio.sleep(0.5)
            say("finished")

        fetch(make(http_only(stubborn), None))
        threading.Thread.start = started
    """)
    assert lines == ["finished"]
