"""The exit of a WSGI server with an ASGI app: the lifespan is shut down, and open streams cannot prevent it."""

from __future__ import annotations

import contextlib
import signal
import time

import psutil
import pytest

from tests.real.wsgi_servers import BARE, Site, site

# The signal for an orderly shutdown of each server. waitress, cheroot and wsgiref do not handle SIGTERM, which ends
# them at once; granian ends its workers without running exit hooks, for any signal.
ORDERLY = {
    "waitress": signal.SIGINT,
    "gunicorn-sync": signal.SIGTERM,
    "gunicorn-sync-preload": signal.SIGTERM,
    "gunicorn-gthread": signal.SIGTERM,
    "gunicorn-gthread-preload": signal.SIGTERM,
    "cheroot": signal.SIGINT,
    "wsgiref": signal.SIGINT,
    "uwsgi": signal.SIGTERM,
    "mod_wsgi": signal.SIGTERM,
}
GUNICORNS = tuple(name for name in ORDERLY if name.startswith("gunicorn"))


def end(running: Site, number: signal.Signals, within: float) -> None:
    """Send the signal; the server and all its processes must exit within `seconds`."""
    process = psutil.Process(running.server.process.pid)
    tree = [process, *process.children(recursive=True)]
    before = time.monotonic()
    running.server.process.send_signal(number)
    running.server.process.wait(within)
    _, alive = psutil.wait_procs(tree[1:], timeout=max(0.1, within - (time.monotonic() - before)))
    assert not alive


@pytest.mark.parametrize("name", ORDERLY)
def test_an_orderly_shutdown_runs_the_lifespans_shutdown(name: str) -> None:
    with site(name, app=BARE) as running:
        running.report()
        running.wait_until_idle()
        end(running, ORDERLY[name], within=25)
        assert running.processes("asgi startup")
        assert running.processes("asgi shutdown") == running.processes("asgi startup"), running.server.log()


@pytest.mark.parametrize("name", GUNICORNS)
def test_gunicorn_exits_within_its_graceful_timeout_while_it_holds_streams(name: str) -> None:
    """Open responses have until --graceful-timeout (3 s here, 30 s by default), as with any WSGI app."""
    with site(name, app=BARE) as running, contextlib.ExitStack() as clients:
        for _ in range(2 if "sync" in name else 8):
            clients.enter_context(running.streaming("asgi", "/events"))
        end(running, signal.SIGTERM, within=20)


def test_mod_wsgi_terminates_its_streams() -> None:
    with site("mod_wsgi", app=BARE) as running, contextlib.ExitStack() as clients:
        for _ in range(8):
            clients.enter_context(running.streaming("asgi", "/events"))
        end(running, signal.SIGTERM, within=25)
        assert running.noted("asgi events ended") == 8
        assert running.processes("asgi shutdown") == running.processes("asgi startup")
