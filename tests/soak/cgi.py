"""`python -m tests.soak.cgi [--clients N] [--seed N]`: clients of a CGI host, half of which disconnect.

Half of the clients disconnect, with a FIN or a reset: within the request headers, within the body, before the response,
or after its first bytes. The other clients must get the whole response to their own request. At the end, no process of
a program, zombie, descriptor or slot may be left. Knows servers and clients. Exits with 1 after a fault.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import struct
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from tests.adapters.run_cgi.leftovers import zombies
from tests.real.serving import Running, eventually, serve

SERVERS = {
    "uvicorn": ("tests.soak.cgi_app:asgi", "uvicorn"),
    "hypercorn": ("tests.soak.cgi_app:asgi", "hypercorn"),
    "gunicorn gthread": ("tests.soak.cgi_app:wsgi", "gunicorn", "--worker-class", "gthread", "--threads", "32"),
    "waitress": ("tests.soak.cgi_app:wsgi", "waitress"),
}
AT_ONCE = 32
BODY = b"x" * 50_000
_READ = """\
import json, os, sys, time
body = sys.stdin.buffer.read()
print("Content-Type: text/plain\\n", flush=True)
"""
_SAY = "print(os.environ['QUERY_STRING'], len(body))\n"
PROGRAMS = {
    "whole.py": _READ + _SAY,
    "blocks.py": f"{_READ}for _ in range(5):\n    time.sleep(0.01)\n    print('block', flush=True)\n{_SAY}",
    "shell.sh": """\
length=$(wc -c)
printf 'Content-Type: text/plain\\n\\n'
sleep 0.02 &
wait
echo $QUERY_STRING $length
""",
}
MARK = f"soak{os.getpid()}n"


class Client:
    """One client. `fault` describes a wrong response."""

    def __init__(self, server: Running, number: int, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed * 1_000_003 + number)
        self._token = f"{MARK}{number}"
        self.fault = ""

    def run(self) -> None:
        body = BODY if self._random.random() < 0.3 else b""
        program = self._random.choice(sorted(PROGRAMS))
        head = f"POST /{program}?{self._token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        leaves = self._random.choice(
            ("no", "no", "no", "in the request", "before the response", "after the first bytes")
        )
        try:
            with socket.create_connection((self._server.host, self._server.port), timeout=60) as connection:
                if leaves == "no":
                    self._read(connection, request, len(body))
                else:
                    self._leave(connection, request, leaves)
        except OSError as error:
            if leaves == "no":
                self.fault = f"{program} {self._token}: {error!r}"

    def _read(self, connection: socket.socket, request: bytes, length: int) -> None:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        if b" 200 " not in received[:20] or f"{self._token} {length}\n".encode() not in received:
            self.fault = f"{self._token}: {received[:300]!r}"

    def _leave(self, connection: socket.socket, request: bytes, leaves: str) -> None:
        if leaves == "in the request":
            request = request[: self._random.randrange(1, len(request))]
        connection.sendall(request)
        if leaves == "after the first bytes":
            connection.recv(1)
        time.sleep(self._random.choice((0, 0, 0.005, 0.02, 0.1)))
        if self._random.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by reset


def left(server: Running) -> list[str]:
    """Return the processes of programs whose clients have disconnected, and zombies."""
    found = [f"zombie {each.pid}" for each in zombies(server.process.pid)]
    for process in psutil.process_iter():
        try:
            if f"QUERY_STRING={MARK}".encode() in Path(f"/proc/{process.pid}/environ").read_bytes():
                found.append(f"{process.pid} {process.cmdline()}")
        except (psutil.Error, OSError):
            continue
    return found


def held(server: Running) -> tuple[int, int]:
    """Return the numbers of descriptors and of processes of the server and its workers."""
    processes = [
        server.process.pid,
        *(each.pid for each in psutil.Process(server.process.pid).children(recursive=True)),
    ]
    return sum(psutil.Process(pid).num_fds() for pid in processes), len(processes)


def soak(name: str, folder: Path, warm: bool, clients: int, seed: int) -> tuple[list[str], int]:
    """Return the faults of one server, and its number of processes without requests."""
    app, server, *options = SERVERS[name]
    environment = {**os.environ, "CGI_PROGRAMS": str(folder), "CGI_WARM": "yes" if warm else "no"}
    with serve(app, server, *options, env=environment) as running, ThreadPoolExecutor(AT_ONCE) as pool:
        first = [Client(running, -number, seed) for number in range(1, 100)]  # programs become warm
        list(pool.map(Client.run, first))
        eventually(lambda: not left(running), "no program runs")
        before = held(running)
        everyone = [Client(running, number, seed) for number in range(clients)]
        list(pool.map(Client.run, everyone))
        faults = [each.fault for each in (*first, *everyone) if each.fault]
        try:
            eventually(lambda: not left(running), f"programs are left: {left(running)}")
            eventually(lambda: all(now <= was for now, was in zip(held(running), before, strict=True)), "resources")
        except AssertionError as error:
            faults.append(f"{error}; descriptors and processes {before} before, {held(running)} after")
    return faults, before[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.cgi")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    bad = False
    with tempfile.TemporaryDirectory(prefix="gateways-soak-") as folder:
        for name, source in PROGRAMS.items():
            program = Path(folder, name)
            program.write_text(f"#!{sys.executable if name.endswith('.py') else '/bin/sh'}\n{source}")
            program.chmod(0o755)
        for name in SERVERS:
            for warm in (False, True):
                began = time.monotonic()
                faults, idle = soak(name, Path(folder), warm, arguments.clients, arguments.seed)
                seconds = time.monotonic() - began
                kind = f"{'warm' if warm else 'cold'}, {idle} processes without requests"
                print(f"{name}, {kind}: {arguments.clients} clients in {seconds:.0f} s", flush=True)
                for fault in faults[:10]:
                    print(f"  fault: {fault}", flush=True)
                bad = bad or bool(faults)
    sys.exit(bad)


if __name__ == "__main__":
    main()
