"""A server in a process of its own, seen from outside: started on a bound socket, ready, speaking, ended.

Knows processes, signals and threads. All that happens is put into one queue by the threads that wait for it, so that
whoever runs servers does so in one loop and can be interrupted at any time.
"""

import contextlib
import os
import queue
import signal
import socket
import ssl
import subprocess
import sys
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
from gateways.serving.server import Mode
from gateways.serving.settings import USUAL, Settings

START = 20.0
"""Seconds within which a server must accept connections."""

LAST = 0.3
"""Seconds for what servers that have ended had told before: a terminal may be slow."""


@dataclass(frozen=True, slots=True)
class News:
    """What a server's process did: it is ready, it said a line, it sent events, it ended, it is late to be ready.

    Or a file that it was made of changed, where somebody watches them (gateways.serving.changes).
    """

    source: "ServerProcess"
    kind: Literal["ready", "line", "events", "ended", "late", "changed"]
    line: str = ""
    batch: Batch | None = None
    when: float = field(default_factory=time.perf_counter)


NewsQueue = queue.SimpleQueue[News | None]
"""None: whoever reads it is to stop."""


class ServerProcess:
    """A server that serves `target`, in a process group of its own. Its news go into `news`.

    `interface` is the target's, where that is not the server's `mode`: then an adapter stands between them. Its process
    has our environment, and `environment`.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (what is served, how, and where it is told)
        self,
        mode: Mode,
        server: str,
        target: str,
        observe: Observe,
        sock: socket.socket,
        news: NewsQueue,
        interface: Mode | None = None,
        settings: Settings = USUAL,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.mode: Mode = mode
        self.server = server
        self.address = reachable(sock)
        self.lines: list[str] = []
        self._news = news
        self._is_tls = bool(settings.certfile)
        self._ended = threading.Event()
        self._receiver = Receiver(self._arrived)
        job = Job(mode, interface or mode, server, target, observe, sock.fileno(), self._receiver.address, settings)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateways.serving", job.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[sock.fileno()],
            start_new_session=True,  # Ctrl-C is for us; we end the server
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},  # what an app prints is seen when it prints it
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
                self._news.put(News(self, "line", line))
        # Every process of the server held this pipe: all of them are gone.
        self._ended.set()
        self._news.put(News(self, "ended"))

    def _wait_until_ready(self) -> None:
        """The socket is bound, but only the server listens: until then connections are refused."""
        until = time.monotonic() + START
        while not self._ended.wait(0.02):
            try:
                _greet(self.address, self._is_tls)
            except OSError:
                if time.monotonic() > until:
                    self._news.put(News(self, "late"))
                    return
            else:
                self._news.put(News(self, "ready"))
                return

    def _arrived(self, batch: Batch) -> None:
        self._news.put(News(self, "events", batch=batch))

    def ask_to_end(self) -> None:
        """Send SIGTERM to the server; it ends what it has started."""
        if not self._ended.is_set():
            self._process.terminate()

    def end(self, until: float) -> int:
        """Wait until `until` (time.monotonic()), kill what is left of the group, return the server's exit status."""
        assert self._process.stdin is not None
        self._ended.wait(max(0.0, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # not reaped yet: the group can be no stranger's
        self._process.stdin.close()
        status = self._process.wait()
        self._receiver.close()
        return status


def _greet(address: tuple[str, int], is_tls: bool) -> None:
    """Connect and disconnect. With TLS after the handshake: some servers log a connection without one as an error.

    Raises OSError.
    """
    with connect(address) as sock:
        if is_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it sends nothing
            context.wrap_socket(sock).close()


def end_all(processes: Iterable[ServerProcess]) -> None:
    """End servers, all at the same time, within two seconds."""
    running = list(processes)
    for process in running:
        process.ask_to_end()
    until = time.monotonic() + GRACE
    for process in running:
        process.end(until)


def told_before(news: NewsQueue, ending: float) -> Iterator[News]:
    """What servers that have ended by now had to tell, for LAST seconds: requests, and lines from before `ending`.

    `ending` is the time at which they were asked to end (time.perf_counter()); how they speak of it is left out.
    """
    until = time.perf_counter() + LAST
    while time.perf_counter() < until and not news.empty():
        item = news.get()
        if item is not None and (item.batch or (item.kind == "line" and item.when < ending)):
            yield item
