"""Numbers of descriptors: those below FD_SETSIZE are left to servers that call select()."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.asgi_to_wsgi import ASGIToWSGI
from gateways.adapters.concurrency.descriptors import FD_SETSIZE, duplicate, moved
from tests.adapters.asgi_to_wsgi.apps import Receive, Scope, Send, respond
from tests.adapters.asgi_to_wsgi.harness import Exchange

OPEN = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not OPEN.exists(), reason="Linux lists a process's descriptors here")
PATIENCE, THREADS = 30, 40


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    """A limit above FD_SETSIZE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft <= FD_SETSIZE:
        if hard <= FD_SETSIZE:
            pytest.skip(f"this process may have only {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * FD_SETSIZE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_duplicate_has_a_number_that_select_cannot_use_and_is_not_inherited() -> None:
    ours, theirs = os.pipe()
    copy = duplicate(theirs)
    assert copy >= FD_SETSIZE
    assert not os.get_inheritable(copy)
    os.write(copy, b"x")
    assert os.read(ours, 9) == b"x"
    other = moved(theirs)
    assert other >= FD_SETSIZE
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(theirs)
    for each in (ours, copy, other):
        os.close(each)


LOW = f"""
import os, resource, threading
from gateways.adapters.concurrency import gate
from gateways.adapters.concurrency.descriptors import duplicate, moved

resource.setrlimit(resource.RLIMIT_NOFILE, ({FD_SETSIZE}, {FD_SETSIZE}))
ours, theirs = os.pipe()
assert theirs < duplicate(theirs) < {FD_SETSIZE}
assert moved(theirs) == theirs
found, all_have = [], threading.Barrier(20)
def run():
    found.append(gate.thread_gate())
    all_have.wait({PATIENCE})
threads = [threading.Thread(target=run) for _ in range(20)]
for each in threads: each.start()
for each in threads: each.join()
print(sum(each is not None for each in found), end=" ")
resource.setrlimit(resource.RLIMIT_NOFILE, (ours, ours))
assert moved(ours) == ours
try: duplicate(ours)
except OSError as error: print(error.strerror)
"""


def test_with_a_low_limit_few_threads_own_a_gate_and_a_descriptor_that_cannot_be_moved_stays() -> None:
    done = subprocess.run([sys.executable, "-c", LOW], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr) == ("4 Too many open files\n", "")


def test_the_threads_of_a_server_leave_the_numbers_below_to_its_connections() -> None:
    """Waitress calls select(), which fails for every connection if the number of one is FD_SETSIZE or higher."""
    begun: list[Scope] = []
    all_have_begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        begun.append(scope)
        if len(begun) == THREADS:
            all_have_begun.set()
        await all_have_begun.wait()  # so each thread waits for its response
        await respond(send, b"hello")

    adapter, all_have, answers = ASGIToWSGI(app), threading.Barrier(THREADS + 1), []

    def start_response(*_: Any) -> Any:
        return None

    def request() -> None:
        answers.append(b"".join(adapter(Exchange(adapter).environ, start_response)))
        all_have.wait(PATIENCE)
        all_have.wait(PATIENCE)

    def low() -> int:
        return sum(int(each.name) < FD_SETSIZE for each in OPEN.iterdir())

    before = low()
    threads = [threading.Thread(target=request, daemon=True) for _ in range(THREADS)]
    for each in threads:
        each.start()
    all_have.wait(PATIENCE)
    grown = low() - before
    all_have.wait(PATIENCE)
    for each in threads:
        each.join(PATIENCE)
    adapter.close()
    assert answers == [b"hello"] * THREADS
    assert grown <= 4  # of the event loop
