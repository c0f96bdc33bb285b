"""The memory and the CPU time that a server needs for each open stream.

Knows servers, their processes, and the sockets of clients that only read. It must not know the charts or the page.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from .over_sockets import served

OPENING_SECONDS = 30.0  # timeout until all streams have begun, in seconds
BATCH = 200  # number of connections to open at once, smaller than the backlog of the servers
WATCH_SECONDS = 3.0  # time during which the CPU time is measured, in seconds


@dataclass(frozen=True)
class Cost:
    """The resources that a server uses for `streams` open streams."""

    streams: int
    memory: float  # resident bytes per stream
    cpu: float  # seconds of CPU time, per stream and per second
    threads: int
    events: float  # events, per stream and per second

    @property
    def per_event(self) -> float:
        """The CPU time per event, in seconds."""
        return self.cpu / self.events


class TooFew(Exception):
    """The server did not start all streams before the timeout. The message has the number of started streams."""


def processor_seconds(pid: int) -> float:
    """Return the CPU time of a server and its workers, in seconds, exact to a nanosecond. Linux only."""
    total = 0
    for process in _family(pid):
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            with suppress(OSError):  # the thread has ended
                total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def resident(pid: int) -> int:
    """Return the resident memory of a server and its workers, in bytes."""
    return sum(process.memory_info().rss for process in _family(pid))


def allow_descriptors() -> None:
    """Raise the limit of open files to the maximum, for this process and the servers that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Streams:
    """Connections with streams that have started."""

    def __init__(self, url: str, target: str) -> None:
        self._address = (urlsplit(url).hostname, urlsplit(url).port)
        self._request = f"GET {target} HTTP/1.1\r\nHost: benchmark\r\n\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []

    def open(self, count: int) -> None:
        """Open streams, and wait for the first event of each stream. Raises TooFew if some streams do not start before
        the timeout.
        """
        deadline = time.monotonic() + OPENING_SECONDS
        while len(self._sockets) < count:
            waiting = set[socket.socket]()
            for _ in range(min(BATCH, count - len(self._sockets))):
                connection = socket.create_connection(self._address, OPENING_SECONDS)
                connection.sendall(self._request)
                connection.setblocking(False)
                self._selector.register(connection, selectors.EVENT_READ)
                waiting.add(connection)
                self._sockets.append(connection)
            while waiting:
                if time.monotonic() > deadline:
                    raise TooFew(f"{len(self._sockets) - len(waiting):,} of {count:,}")
                for key, _ in self._selector.select(1.0):
                    connection = key.fileobj  # type: ignore[assignment]
                    if b"data:" in connection.recv(65536):
                        waiting.discard(connection)

    def read(self, seconds: float) -> int:
        """Read the data that arrives in `seconds`. Return the number of events."""
        end, events = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                events += key.fileobj.recv(65536).count(b"data:")  # type: ignore[union-attr]
        return events

    def close(self) -> None:
        """Close all connections."""
        self._selector.close()
        for connection in self._sockets:
            connection.close()


@contextmanager
def opened(url: str, target: str, count: int) -> Iterator[Streams]:
    """Open streams for the duration of the `with` block."""
    streams = Streams(url, target)
    try:
        streams.open(count)
        yield streams
    finally:
        streams.close()


def cost(command: str, count: int, interval: float = 0.0) -> Cost:
    """Return the cost of `count` streams on a newly started server. Raises TooFew if some streams do not start.

    `interval`: seconds between two events of each stream; 0 for streams without further events.
    """
    os.environ["THREADS"] = str(count + 1)
    target = f"/?{interval:g}" if interval else "/"
    with served(command.format(port="{port}", threads=count + 1)) as url:
        pid = listener(url)
        try:
            with opened(url, target, 1):
                before = resident(pid)
                with opened(url, target, count) as streams:
                    streams.read(1.0)
                    memory = (resident(pid) - before) / count
                    begun, cpu = time.monotonic(), processor_seconds(pid)
                    events = streams.read(WATCH_SECONDS)
                    seconds = time.monotonic() - begun
                    used = processor_seconds(pid) - cpu
                    threads = sum(process.num_threads() for process in _family(pid))
        finally:
            os.killpg(pid, signal.SIGKILL)  # the server would wait for these streams, which never end
    return Cost(count, memory, used / count / seconds, threads, events / count / seconds)


def listener(url: str) -> int:
    """Return the id of the server's main process, which listens at the URL."""
    port = urlsplit(url).port
    for child in psutil.Process().children():
        if any(each.laddr.port == port for each in child.net_connections("inet") if each.status == psutil.CONN_LISTEN):
            return child.pid
    raise RuntimeError(f"no child process listens at {url}")
