"""Programs that a test runs in a separate process: to fork, to exit, to get signals. Each has a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

PRELUDE = """
import asyncio, os, signal, sys, threading, time
import uvloop
from tests.adapters.asgi_to_wsgi.apps import *
from tests.adapters.asgi_to_wsgi.contenders import contender
from tests.adapters.asgi_to_wsgi.harness import Exchange, fetch
from tests.adapters.asgi_to_wsgi.patience import eventually
from tests.adapters.asgi_to_wsgi.request import environ
from tests.adapters.asgi_to_wsgi.subprograms import child, Told, say
make = contender().make
"""


def run(source: str, limit: float = 40, first: str = "") -> list[str]:
    """Run the program and return its lines. It must exit with 0 within `limit` seconds; `first` is run before any
    import.

    Its stderr may contain log lines, but no traceback and no warning about leftovers.
    """
    program = first + PRELUDE + textwrap.dedent(source)
    done = subprocess.run(
        [sys.executable, "-W", "default::ResourceWarning", "-c", program],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    for complaint in ("Traceback", "was destroyed", "was never", "ResourceWarning"):
        assert complaint not in done.stderr, done.stderr
    return done.stdout.splitlines()


def say(*words: object) -> None:
    """Print a line with one write(), because several processes write lines to the same stream."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def child(work: Callable[[], object], limit: float = 20) -> int:
    """Fork, and run `work` in the child, which exits with its exit hooks; return its process id."""
    pid = os.fork()
    if not pid:
        try:
            work()
        except SystemExit:
            raise  # from its own child
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.exit(0)
    end = time.monotonic() + limit
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            assert status == 0, f"the child ended with {status}"
            return pid
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"the child has not ended after {limit} s")
        time.sleep(0.01)


class Told:
    """An app with a lifespan that prints its events with the process id."""

    async def __call__(self, scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "lifespan":
            await receive()
            say("startup", os.getpid())
            scope["state"]["pid"] = os.getpid()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            say("shutdown", os.getpid())
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        answer = b"%d" % scope["state"]["pid"]
        while scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": answer, "more_body": True})
        await send({"type": "http.response.body", "body": answer})
