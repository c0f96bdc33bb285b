"""`python -m benchmarks.cgi`: the cost of a CGI request, cold and warm, compared with other hosts.

The page also shows the cost of starting the program without a host. Knows programs, servers and target figures.
rounds.py runs the contenders in turns, and computes ratios.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from .rounds import Figures, machine, ratio, rounds, table

ROOT = Path(__file__).resolve().parents[1]
METHOD = """# Figures of the CGI hosts

Generated on {date} by `make bench-cgi`.

The figures are the durations of whole requests in milliseconds. Requests are sent one after the other, each on a new
connection. Before each request to an application, the benchmark waits 0.1 s for the last program to exit. Each row of a
table is a contender: our CGI host ("ours") or another one. The contenders take turns in one run, and every response is
verified. The tables show medians. Each round yields a ratio between "ours on uvicorn" and another contender, and
"relative speed" is the median of these ratios. Above 1, "ours on uvicorn" is faster. "Warm" means `warm=True`, without
the first requests, which run cold. "A bare spawn" starts the program without a server. "Shell hello" and "Python hello"
are the programs of the first two tables. CPU time includes the server, its warm interpreters and its programs.
"""
PROGRAMS = {
    "hello.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n",
    "hello.py": """#!{system}
import json, re, urllib.parse
print("Content-Type: text/plain\\n")
print("hello", end="")
""",
    "flask_hello.py": """#!{python}
from flask import Flask
from gateways.adapters import WSGIToCGI
app = Flask(__name__)
@app.get("/")
def hello(): return "hello"
WSGIToCGI(app).run()
""",
    "fastapi_hello.py": """#!{python}
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from gateways.adapters import ASGIToCGI
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def hello(): return "hello"
ASGIToCGI(app).run()
""",
}
LIGHTTPD = """server.document-root = "{folder}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_cgi")
cgi.assign = (".sh" => "", ".py" => "")
"""
UVICORN = "{python} -m uvicorn --no-access-log --log-level error --port {port} benchmarks.cgi_hosts:"
COMMANDS = {
    "ours on uvicorn": UVICORN + "asgi",
    "ours on uvicorn, warm": UVICORN + "warm",
    "ours on waitress": "{python} -m waitress --listen=127.0.0.1:{port} benchmarks.cgi_hosts:wsgi",
    "http.server --cgi": "{python} -W ignore -m http.server --cgi --bind 127.0.0.1 -d {folder} {port}",
    "lighttpd": "lighttpd -D -f {folder}/lighttpd.conf",
}
Measure = Callable[[], float]


def bare(program: Path) -> Measure:
    """Return a function that starts the program without a host, reads its output, and returns the milliseconds."""

    def measure() -> float:
        begun = time.perf_counter()
        readable, writable = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, writable, 1)]
        pid = os.posix_spawn(program, [os.fspath(program)], {"PATH": os.defpath}, file_actions=actions)
        os.close(writable)
        with open(readable, "rb") as output:
            text = output.read()
        os.waitpid(pid, 0)
        elapsed = time.perf_counter() - begun
        if not text.endswith(b"hello"):
            raise RuntimeError(f"{program} wrote {text!r}")
        return elapsed * 1000

    return measure


def request(port: int, path: str, pause: float) -> Measure:
    """Return a function that sends one request, and returns the milliseconds from the start of the connection to the
    last byte.

    It waits `pause` seconds before the request, because the previous program may still be exiting.
    """

    def measure() -> float:
        time.sleep(pause)
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        elapsed = time.perf_counter() - begun
        if (response.status, body) != (200, b"hello"):
            raise RuntimeError(f"port {port}: {path} responded with {response.status} {body[:200]!r}")
        return elapsed * 1000

    return measure


class Host(NamedTuple):
    """A listening server and its process."""

    port: int
    pid: int


def processor_time(pid: int) -> float:
    """Return the CPU time in milliseconds of a server, its warm interpreters and all programs that have exited."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    return 1000 * sum(sum(process.cpu_times()[:4]) for process in processes)


def processor_times(title: str, program: str, hosts: dict[str, Host], count: int) -> tuple[str, Figures]:
    """Return the CPU time per request of each host. The load of the machine hardly changes this figure."""
    path = f"/cgi-bin/{program}" + "/" * ("_" in program)

    def contender(host: Host) -> Measure:
        ask = request(host.port, path, 0.05)

        def measure() -> float:
            before = processor_time(host.pid)
            for _ in range(count):
                ask()
            time.sleep(0.2)  # wait until the last program exits
            return (processor_time(host.pid) - before) / count

        return measure

    figures = rounds({name: contender(host) for name, host in hosts.items()}, 3)
    return table(f"{title}: CPU time", "ms", figures, "ours on uvicorn", more_is_better=False), figures


@contextmanager
def serving(command: str, folder: Path) -> Iterator[Host]:
    """Run a server for the folder during the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "lighttpd.conf").write_text(LIGHTTPD.format(folder=folder, port=port))
    words = command.format(python=sys.executable, folder=folder, port=port).split()
    environment = {**os.environ, "CGI_FOLDER": str(folder)}
    server = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {' '.join(words)}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield Host(port, server.pid)
    finally:
        server.terminate()
        server.wait(20)


def write_programs(folder: Path) -> None:
    """Write the programs to `folder`. The user `nobody` can read them, because http.server switches to this user if
    root runs it.
    """
    folder.chmod(0o755)
    (folder / "cgi-bin").mkdir()
    system = shutil.which("python3", path="/usr/bin") or sys.executable
    for name, source in PROGRAMS.items():
        program = folder / "cgi-bin" / name
        program.write_text(source.replace("{system}", system).replace("{python}", sys.executable))
        program.chmod(0o755)


def warmed(measure: Measure) -> None:
    """Send requests until a warm interpreter has imported the program's modules."""
    for _ in range(6):
        measure()
        time.sleep(0.5)


def contest(title: str, program: str, hosts: dict[str, Host], folder: Path, count: int) -> tuple[str, Figures]:
    """Return the hosts' figures for one program, and their table."""
    is_app = "_" in program
    path, pause = f"/cgi-bin/{program}" + "/" * is_app, 0.1 if is_app else 0.0
    contenders = {name: request(host.port, path, pause) for name, host in hosts.items()}
    if not is_app:
        contenders = {"a bare spawn": bare(folder / "cgi-bin" / program), **contenders}
    if (warm := contenders.get("ours on uvicorn, warm")) is not None:
        warmed(warm)
    figures = rounds(contenders, count)
    return table(title, "ms", figures, "ours on uvicorn", more_is_better=False), figures


def aims(shell: Figures, python: Figures, flask: Figures, fastapi: Figures) -> Iterator[tuple[str, float, float, bool]]:
    """Yield the target figures: name, measured figure, target, and True if a higher figure is better."""
    for host in ("ours on uvicorn", "ours on waitress"):
        more = statistics.median(a - b for a, b in zip(shell[host], shell["a bare spawn"], strict=True))
        yield f"shell hello, {host}: extra ms over a bare spawn", more, 1.2, False
        if "lighttpd" in shell:
            yield f"shell hello, {host}: time relative to lighttpd", ratio(shell, host, "lighttpd"), 1.5, False
    cold, warm = "ours on uvicorn", "ours on uvicorn, warm"
    for name, figures, aim in (("Python hello", python, 5), ("Flask", flask, 8), ("FastAPI", fastapi, 12)):
        yield f"{name}: cold divided by warm", ratio(figures, cold, warm), aim, True
    if "http.server --cgi" in python:
        yield "Python hello: http.server --cgi divided by ours", ratio(python, "http.server --cgi", cold), 1.0, True
        yield (
            "Python hello: http.server --cgi divided by ours, warm",
            ratio(python, "http.server --cgi", warm),
            4.0,
            True,
        )


def main() -> None:
    """Print the results as Markdown."""
    commands = dict(COMMANDS)
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    if not shutil.which("lighttpd"):
        del commands["lighttpd"]
    if sys.version_info >= (3, 15):
        del commands["http.server --cgi"]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        write_programs(folder)
        ports = {name: stack.enter_context(serving(command, folder)) for name, command in commands.items()}
        ours = {name: ports[name] for name in ("ours on uvicorn", "ours on uvicorn, warm")}
        cold = {name: port for name, port in ports.items() if name != "ours on uvicorn, warm"}
        apps = {"Flask": "flask_hello.py", "FastAPI": "fastapi_hello.py"}
        results = [
            contest("A shell program", "hello.sh", cold, folder, 300),
            contest("A Python program that imports json, re and urllib.parse", "hello.py", ports, folder, 60),
            contest("A Flask application through WSGIToCGI", "flask_hello.py", ours, folder, 15),
            contest("A FastAPI application through ASGIToCGI", "fastapi_hello.py", ours, folder, 15),
        ]
        costs = {name: processor_times(name, program, ours, 5) for name, program in apps.items()}
        costs["Python hello"] = processor_times("Python hello", "hello.py", ours, 20)
    print(METHOD.format(date=datetime.now(UTC).date().isoformat()))
    print(machine("uvicorn", "uvloop", "waitress", "flask", "fastapi") + "\n")
    for text, _ in [*results, *costs.values()]:
        print(text)
    print("**Targets**\n")
    print("| | figure | target | reached |\n|---|--:|--:|---|")
    for name, figure, aim, more_is_better in aims(*(figures for _, figures in results)):
        reached = figure >= aim if more_is_better else figure <= aim
        bound = "at least" if more_is_better else "at most"
        print(f"| {name} | {figure:.2f} | {bound} {aim:g} | {'yes' if reached else 'no'} |")
    for name, (_, figures) in costs.items():
        times = ratio(figures, "ours on uvicorn", "ours on uvicorn, warm")
        print(f"| {name}: CPU time, cold divided by warm | {times:.2f} | | |")


if __name__ == "__main__":
    main()
