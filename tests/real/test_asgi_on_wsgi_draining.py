"""When a worker exits, background work is finished first, and the lifespan's shutdown can still use an executor."""

from __future__ import annotations

import signal
import time

import psutil
import pytest

from tests.real.serving import eventually, runs
from tests.real.wsgi_servers import Site, site

APP = "tests.real.apps.asgi_working:wsgi"
PATHS = {"/loop": "worked on the loop", "/thread": "worked in a thread"}
GUNICORN = ("--graceful-timeout", "20")
# The signal for an orderly shutdown of each server; waitress and cheroot do not handle SIGTERM, which ends them at
# once.
ENDS = {
    "gunicorn-sync": (signal.SIGTERM, (*GUNICORN, "--workers", "1")),
    "gunicorn-gthread": (signal.SIGTERM, GUNICORN),
    "gunicorn-gevent": (signal.SIGTERM, GUNICORN),
    "waitress": (signal.SIGINT, ()),
    "cheroot": (signal.SIGINT, ()),
    "uwsgi": (signal.SIGTERM, ()),
}
GUNICORNS = [name for name in ENDS if name.startswith("gunicorn")]


def work(running: Site) -> None:
    """Make the app start its work."""
    for path in PATHS:
        assert running.get("any", path).json() == {"status": "working"}


@pytest.mark.parametrize("name", ENDS)
def test_background_work_is_completed_before_the_server_exits(name: str) -> None:
    number, options = ENDS[name]
    with site(name, *options, app=APP) as running:
        work(running)
        running.wait_until_idle()
        running.server.process.send_signal(number)
        running.server.process.wait(20)
        for what in (*PATHS.values(), "flushed", "resolved"):
            assert running.noted(what) == 1, running.server.log()


@pytest.mark.parametrize("name", GUNICORNS)
def test_background_work_is_completed_on_a_reload(name: str) -> None:
    with site(name, *ENDS[name][1], app=APP) as running:
        work(running)
        running.server.process.send_signal(signal.SIGHUP)
        for what in (*PATHS.values(), "flushed", "resolved"):
            running.expect(what, within=20)


@pytest.mark.parametrize("name", GUNICORNS)
def test_background_work_is_completed_when_a_worker_reaches_its_maximum_of_requests(name: str) -> None:
    with site(name, *ENDS[name][1], "--max-requests", "2", app=APP) as running:
        work(running)
        for what in (*PATHS.values(), "flushed", "resolved"):
            running.expect(what, within=20)


@pytest.mark.parametrize("name", ENDS)
def test_the_exit_is_prompt_without_background_work(name: str) -> None:
    number, options = ENDS[name]
    with site(name, *options, app=APP) as running:
        assert running.get("any", "/openapi.json").status_code == 200
        tree = [process := psutil.Process(running.server.process.pid), *process.children(recursive=True)]
        running.wait_until_idle()
        before = time.monotonic()
        running.server.process.send_signal(number)
        running.server.process.wait(20)
        eventually(lambda: not any(map(runs, tree[1:])), "its processes end")
        # cheroot and waitress wait five seconds for their own threads; a busy machine needs more
        assert time.monotonic() - before < 15
        assert running.noted("flushed") == 1
