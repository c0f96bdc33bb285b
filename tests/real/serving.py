"""Run a server for a test: a separate process on its own port, terminated afterwards with all its descendants.

    with serve("gateways.wsgi.app:app", "waitress") as server:
        httpx.get(server.url + "/hello")

Knows processes, ports and time limits. It must not know HTTP or the app.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

_CGI = """import sys, uvicorn
from gateways.adapters.cgi_to_asgi import CGIToASGI
host, port, program = sys.argv[1:]
uvicorn.run(CGIToASGI(program, inherit=["TMPDIR"]), host=host, port=int(port), log_level="warning")
"""
SERVERS: Mapping[str, Sequence[str]] = {
    "uvicorn": ("-m", "uvicorn", "--host", "{host}", "--port", "{port}", "--log-level", "warning", "{app}"),
    "hypercorn": ("-m", "hypercorn", "--bind", "{host}:{port}", "{app}"),
    "daphne": ("-m", "daphne", "-b", "{host}", "-p", "{port}", "{app}"),
    "granian-asgi": ("-m", "granian", "--host", "{host}", "--port", "{port}", "--interface", "asgi", "{app}"),
    "granian-wsgi": ("-m", "granian", "--host", "{host}", "--port", "{port}", "--interface", "wsgi", "{app}"),
    "waitress": ("-m", "waitress", "--host={host}", "--port={port}", "--threads=8", "{app}"),
    "gunicorn": ("-m", "gunicorn", "--bind", "{host}:{port}", "--config", "tests/real/gunicorn.conf.py", "{app}"),
    "cheroot": ("-m", "cheroot", "--bind", "{host}:{port}", "{app}"),
    "cgi": ("-c", _CGI, "{host}", "{port}", "{app}"),
}
"""Python's arguments to run each server. {app} is "module:attribute"; for cgi, the path of a program or of a folder."""


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @property
    def url(self) -> str:
        """`http://127.0.0.1:40123`, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def log(self) -> str:
        """Return the output of the server so far, from its stdout and stderr."""
        return Path(self.output.name).read_text(errors="replace")


@contextlib.contextmanager
def serve(
    target: str | Sequence[str],
    server: str | None = None,
    *options: str,
    env: Mapping[str, str] | None = None,
    within: float = 45.0,
    grace: float = 5.0,
) -> Iterator[Running]:
    """Run `target` during the block.

    target: an app for `server`. Without `server`, it is a complete command, with {host} and {port} for the address.
    server: a name in SERVERS. options: further arguments of its command line. env: replaces the environment.
    within: seconds until the server must listen. grace: seconds between SIGTERM and SIGKILL.

    Raises AssertionError with the server's output if it does not listen in time. An error in the block gets a note with
    this output.
    """
    with tempfile.NamedTemporaryFile(prefix="server-", suffix=".log") as output, _reserved() as port:
        arguments = _command(target, server, options) if isinstance(target, str) else target
        process = subprocess.Popen(
            [argument.replace("{host}", HOST).replace("{port}", str(port)) for argument in arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must reach only pytest, which then stops the server here
        )
        running = Running(HOST, port, process, output)
        try:
            _await_listening(running, within)
            yield running
        except BaseException as error:
            error.add_note(f"{' '.join(arguments)} wrote:\n{running.log()[-5000:]}")
            raise
        finally:
            _end(process, grace)


def eventually(condition: Callable[[], object], what: str, within: float = 30.0) -> None:
    """Wait until `condition()` is true. Raises AssertionError with the text `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.02)


def free_ports(number: int) -> list[int]:
    """Return ports for servers whose commands name them, in ascending order.

    The ports are below the range from which the system chooses. The system could give a port of that range to another
    test before the server listens.
    """
    chosen = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(chosen.read_text().split()[0]) if chosen.exists() else 49152
    found: set[int] = set()
    while len(found) < number:
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind((HOST, 21_000 + secrets.randbelow(end - 21_000)))
            found.add(sock.getsockname()[1])
    return sorted(found)


def runs(process: psutil.Process) -> bool:
    """Return True if the process has not exited. An orphan that has exited is a zombie until init reaps it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(app: str, server: str | None, options: Sequence[str]) -> list[str]:
    if server is None:
        raise TypeError(f"serve({app!r}) needs to be told which server: one of {', '.join(SERVERS)}")
    *arguments, last = (argument.replace("{app}", app) for argument in SERVERS[server])
    return [sys.executable, *arguments, *options, last]


@contextlib.contextmanager
def _reserved() -> Iterator[int]:
    """Bind a free port without listening. The system then keeps the port from other processes, except the server."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, 0))
        yield sock.getsockname()[1]


def _await_listening(server: Running, within: float) -> None:
    def listening() -> bool:
        assert server.process.poll() is None, f"the server ended with status {server.process.returncode}"
        try:
            socket.create_connection((server.host, server.port), timeout=1).close()
        except OSError:
            return False
        return True

    eventually(listening, f"the server listens on port {server.port}", within)


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Send SIGTERM to the server alone, like an init system. Then send SIGKILL to the rest of its process tree, in all
    sessions.
    """
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):  # the server has already exited
        descendants = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    for orphan in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(descendants, timeout=grace)
