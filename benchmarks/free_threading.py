"""`python -m benchmarks.free_threading PYTHON FREE_PYTHON`: a WSGI app under one uvicorn, with the GIL and without it.

Both interpreters must have uvicorn and httptools. Knows servers in separate processes, and clients in threads. It must
not know how contenders take turns or how ratios are computed (rounds.py).
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gateways.adapters import WSGIToASGI

from .rounds import Figures, digits, ratio, rounds

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, SECONDS = 7, 2.0
BUILDS = ("GIL on", "GIL off")
VIEWS = {"computes for some ms": "/computes", "hello": "/"}
CLIENTS = (1, 2, 4)
METHOD = """# Figures of free threading

Generated on {date} by `make bench-threads`.

One uvicorn process (httptools, asyncio) serves a WSGI app through `WSGIToASGI`. Clients keep their connections. Each
client sends a request when it has received the previous response. The figures are requests per second. Each is the
median of {rounds} rounds of {seconds:g} seconds, in which all rows and both builds take turns. "off / on" is the
throughput without the GIL, divided by the throughput with the GIL. It is the median of the rounds' ratios.

{machines}

"""
ABOUT = """import json, os, platform, sys, sysconfig
print(json.dumps([platform.python_version(), sysconfig.get_config_var("CONFIG_ARGS"),
    getattr(sys, "_is_gil_enabled", lambda: True)(), len(os.sched_getaffinity(0))]))"""


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Send a short text. At /computes, first run a loop of pure Python."""
    total = 0
    if environ["PATH_INFO"] == "/computes":
        for number in range(150_000):
            total += number & 7
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


asgi = WSGIToASGI(app)


def about(python: str) -> str:
    """Return a line that describes an interpreter. Raises RuntimeError if uvicorn is not installed in it."""
    run = [python, "-c", f"import uvicorn, httptools\n{ABOUT}"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{python} cannot run the benchmark: {done.stderr.strip()}")
    version, flags, gil, cores = json.loads(done.stdout)
    profile = "with" if "--enable-optimizations" in (flags or "") else "without"
    return (
        f"CPython {version} {profile} profile-guided optimization, the GIL is {'on' if gil else 'off'}, {cores} cores"
    )


@contextmanager
def served(python: str) -> Iterator[int]:
    """Run uvicorn with that interpreter. Yield its port."""
    command = [python, "-W", "ignore", "-m", "uvicorn", "--port", "0", "--loop", "asyncio", "--http", "httptools"]
    server = subprocess.Popen(
        [*command, "--no-access-log", "benchmarks.free_threading:asgi"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        lines = iter(server.stderr.readline, "")
        found = next((line for line in lines if "running on" in line), None)
        if found is None:
            raise RuntimeError(f"uvicorn did not start with {python}")
        yield int(found.split("http://127.0.0.1:")[1].split()[0])
    finally:
        server.terminate()
        server.communicate(timeout=20)


def measure(port: int, path: str, clients: int) -> float:
    """Return the completed requests per second with `clients` concurrent clients."""
    until = time.monotonic() + SECONDS
    counts: list[int] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        count = 0
        while time.monotonic() < until:
            connection.request("GET", path)
            if connection.getresponse().read() != b"hello":
                return
            count += 1
        connection.close()
        counts.append(count)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) < clients:
        raise RuntimeError(f"a client of {path} got no response, or a wrong response")
    return sum(counts) / SECONDS


def table(figures: Figures) -> str:
    """Return a Markdown table of the rows."""
    lines = ["| view | clients | GIL on | GIL off | off / on |", "|---|--:|--:|--:|--:|"]
    for view in VIEWS:
        for clients in CLIENTS:
            names = [f"{view}, {clients}, {build}" for build in BUILDS]
            shown = " | ".join(digits(statistics.median(figures[name])) for name in names)
            lines.append(f"| {view} | {clients} | {shown} | {ratio(figures, names[1], names[0]):.2f} |")
    return "\n".join(lines) + "\n"


def gains(figures: Figures) -> str:
    """Return a sentence about the gain of a second client in each build."""
    view = next(iter(VIEWS))
    two = [ratio(figures, f"{view}, 2, {build}", f"{view}, 1, {build}") for build in BUILDS]
    return (
        f"\nWith the GIL, two clients of the view that computes get {two[0]:.2f} times as many responses as one client."
        f" Without the GIL, they get {two[1]:.2f} times as many.\n"
    )


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(
            "usage: python -m benchmarks.free_threading PYTHON FREE_PYTHON (the same version, the second without GIL)"
        )
    pythons = dict(zip(BUILDS, sys.argv[1:], strict=True))
    machines = "\n".join(f"- {build}: {about(python)}" for build, python in pythons.items())
    contenders: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        ports = {build: stack.enter_context(served(python)) for build, python in pythons.items()}
        for view, path in VIEWS.items():
            for clients in CLIENTS:
                for build, port in ports.items():
                    name = f"{view}, {clients}, {build}"
                    contenders[name] = partial(measure, port, path, clients)
        figures = rounds(contenders, ROUNDS)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    print(METHOD.format(date=date, rounds=ROUNDS, seconds=SECONDS, machines=machines), end="")
    print(table(figures), gains(figures), sep="", end="")


if __name__ == "__main__":
    main()
