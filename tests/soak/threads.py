"""`python -m tests.soak.threads [--seconds N]`: each adapter under 32 clients.

Each request has a token that its response must contain, and one client in ten disconnects early. Run it on
free-threaded Python, to find code that relies on the GIL; it runs on any Python. It exits with 1 if a response is
wrong, a client hangs, or a process of a program is left. Knows clients. It must not know how an adapter works.
"""

from __future__ import annotations

import argparse
import logging
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from gateways.adapters import ASGIToWSGI, CGIToASGI, CGIToWSGI, WSGIToASGI
from tests.real.serving import runs
from tests.soak.threads_apps import PROGRAMS, asgi_app, wsgi_app
from tests.soak.threads_clients import Wrong, in_thread, on_loop, on_new_adapters, on_websocket

LOOPS, THREADS, MAKERS = 4, 32, 8


def stress(run: Callable[..., None], app: Any, threads: int, seconds: float) -> tuple[int, Wrong]:
    """Call `run` in `threads` threads. Return the number of requests, and the errors."""
    wrong: Wrong = []
    count = [0] * threads
    until = time.monotonic() + seconds

    def client(name: int) -> None:
        try:
            run(app, name, until, wrong, count)
        except BaseException as error:
            wrong.append(f"a client failed: {error!r}")
            raise

    workers = [threading.Thread(target=client, args=(name,), daemon=True) for name in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0, until + 60 - time.monotonic()))
        if worker.is_alive():
            wrong.append("a client hangs")
    return sum(count), wrong


def adapters(folder: Path) -> Iterator[tuple[str, Callable[..., None], Any, int]]:
    """Yield a row for each adapter: its name, its kind of client, the adapter, and the number of such clients."""
    yield "WSGIToASGI", on_loop, WSGIToASGI(wsgi_app, threads=THREADS), LOOPS
    yield "ASGIToWSGI", in_thread, ASGIToWSGI(asgi_app), THREADS
    yield "ASGIToWSGI, WebSockets", on_websocket, ASGIToWSGI(asgi_app), THREADS
    yield "ASGIToWSGI, first requests and close", on_new_adapters, ASGIToWSGI(asgi_app), MAKERS
    for name, text in PROGRAMS.items():
        program = folder / name
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
        for warm in (False, True):
            kind = f"{name}, {'warm' if warm else 'cold'}"
            yield f"CGIToASGI, {kind}", on_loop, CGIToASGI(program, warm=warm), LOOPS
            yield f"CGIToWSGI, {kind}", in_thread, CGIToWSGI(program, warm=warm), THREADS


def left() -> Wrong:
    """Return the child processes that have not exited within ten seconds. Init reaps orphans when it can."""
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=10)
    return [f"left behind: {child}" for child in alive if runs(child)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each adapter (default: %(default)s)")
    seconds = parser.parse_args().seconds
    logging.getLogger("gateways").setLevel(logging.CRITICAL)  # a line for each client that leaves
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    build = "free-threaded build" if sysconfig.get_config_var("Py_GIL_DISABLED") else "build with GIL"
    print(f"CPython {sys.version.split()[0]}, {build}, the GIL is {'on' if gil else 'off'}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, run, app, threads in adapters(Path(folder)):
            made, wrong = stress(run, app, threads, seconds)
            app.close()
            wrong += left()
            print(f"{name}: {made:,} requests, {len(wrong)} wrong", *wrong[:5], sep="\n  ")
            failed = failed or bool(wrong) or not made
    sys.exit(failed)


if __name__ == "__main__":
    main()
