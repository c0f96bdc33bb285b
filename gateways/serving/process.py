"""Control a server process from its parent: start it on a bound socket, await readiness, read its output, stop it.

Knows processes, signals and threads. Its threads put all events into one queue. So a command handles the events in one
loop, and can be interrupted at any time.
"""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from gateways.events.channel import Receiver
from gateways.events.events import Batch
from gateways.serving.job import GRACE, Job, Observe
from gateways.serving.listen import connect, reachable
from gateways.serving.separate import module_command
from gateways.serving.server import Mode
from gateways.serving.settings import USUAL, Settings

START = 20.0
"""Timeout for a server to accept connections, in seconds."""

LAST = 0.3
"""Time limit, in seconds, for printing the last events after the servers have exited. A terminal may be slow."""

SAME_HASHES = {"PYTHONHASHSEED": "0"}
"""Environment for servers whose responses are compared: sets of strings then have the same order in all processes."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event of a server process. `kind` is "ready", "line" (the process printed a line), "events" (it sent events),
    "ended" or "late" (it was not ready in time).

    If files are watched (gateways.serving.changes), a change to a file is an event too.
    """

    source: "ServerProcess"
    kind: Literal["ready", "line", "events", "ended", "late", "changed"]
    line: str = ""
    batch: Batch | None = None
    when: float = field(default_factory=time.perf_counter)


EventQueue = queue.SimpleQueue[ServerEvent | None]
"""The queue of events. None stops its reader."""


class ServerProcess:
    """A server for `target`, in its own process group. Its events go into `incoming`.

    `interface` is the target's interface. If it differs from the server's `mode`, an adapter is used. The server gets
    the environment variables of this process, and those in `environment`.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (what is served, how, and the queue of its events)
        self,
        mode: Mode,
        server: str,
        target: str,
        observe: Observe,
        sock: socket.socket,
        incoming: EventQueue,
        interface: Mode | None = None,
        settings: Settings = USUAL,
        environment: Mapping[str, str] = MappingProxyType({}),
        *,
        varied: bool = False,
    ) -> None:
        self.mode: Mode = mode
        self.server = server
        self.address = reachable(sock)
        self.lines: list[str] = []
        self._incoming = incoming
        self._is_tls = bool(settings.certfile)
        self._ended = threading.Event()
        self._receiver = Receiver(self._arrived)
        job = Job(
            mode, interface or mode, server, target, observe, sock.fileno(), self._receiver.address, settings, varied
        )
        self._process = subprocess.Popen(
            module_command("gateways.serving", job.to_json()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[sock.fileno()],
            start_new_session=True,  # Ctrl-C must reach only this process, which stops the server
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},  # show the app's output immediately
        )
        sock.close()
        threading.Thread(target=self._listen, name=f"{server}-output", daemon=True).start()
        threading.Thread(target=self._wait_until_ready, name=f"{server}-ready", daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for octets in stream:
                line = octets.decode("utf-8", "backslashreplace").rstrip()
                self.lines.append(line)
                self._incoming.put(ServerEvent(self, "line", line))
        # Each process of the server holds this pipe open, so its end shows that all of them have exited.
        self._ended.set()
        self._incoming.put(ServerEvent(self, "ended"))

    def _wait_until_ready(self) -> None:
        """Wait until the server listens. Until then connections to the bound socket are refused."""
        until = time.monotonic() + START
        while not self._ended.wait(0.02):
            try:
                _greet(self.address, self._is_tls)
            except OSError:
                if time.monotonic() > until:
                    self._incoming.put(ServerEvent(self, "late"))
                    return
            else:
                self._incoming.put(ServerEvent(self, "ready"))
                return

    def _arrived(self, batch: Batch) -> None:
        self._incoming.put(ServerEvent(self, "events", batch=batch))

    def terminate(self) -> None:
        """Send SIGTERM to the server, which stops its own processes."""
        if not self._ended.is_set():
            self._process.terminate()

    def end(self, until: float) -> int:
        """Wait until `until` (time.monotonic()), kill the rest of the group, and return the server's exit status."""
        assert self._process.stdin is not None
        try:
            self._ended.wait(max(0.0, until - time.monotonic()))
        finally:  # also after a second Ctrl-C
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # not reaped yet, so the group id cannot have been reused
            self._process.stdin.close()
            status = self._process.wait()
            self._receiver.close()
        return status


def _greet(address: tuple[str, int], is_tls: bool) -> None:
    """Connect and disconnect. With TLS, also do the handshake, because some servers log a missing one as an error.

    Raises OSError.
    """
    with connect(address) as sock:
        if is_tls:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # this connection sends no data
            context.wrap_socket(sock).close()


def end_all(processes: Iterable[ServerProcess]) -> None:
    """Stop all servers in parallel, within two seconds. If interrupted, kill them."""
    running = list(processes)
    for process in running:
        process.terminate()
    until = time.monotonic() + GRACE
    with contextlib.ExitStack() as stack:  # a second Ctrl-C must not leave a server behind
        for process in reversed(running):
            stack.callback(process.end, until)


def last_events(incoming: EventQueue) -> Iterator[ServerEvent]:
    """For at most LAST seconds, yield the last events of servers that have exited: requests, and lines of output.

    An app prints during shutdown too: in its lifespan, in atexit functions, in signal handlers.
    """
    until = time.perf_counter() + LAST
    while time.perf_counter() < until and not incoming.empty():
        item = incoming.get()
        if item is not None and (item.batch or item.kind == "line"):
            yield item
