"""From the command to the page's process: which servers there are, and then each batch of events as it comes.

Knows a private Unix socket and threads. What is sent is pickled: both ends are this program, and the socket is in a
directory that only its user may enter.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from gateways.events.events import Batch
from gateways.serving.server import Mode

ADDRESS = "GATEWAYS_DEMO"
"""The environment variable that tells the page's process where the command is."""

WAITING = 200
"""Batches that may wait for a process which does not take them; later ones are dropped."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the servers: its mode, name and version, what processes and threads it has, and where it listens."""

    mode: Mode
    server: str
    version: str
    model: str
    address: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Lanes:
    """What the page's process is told first: the servers, the host that was asked for, whether steps are watched."""

    lanes: tuple[Lane, ...]
    host: str
    quiet: bool


Told = tuple[Mode, Batch]


class Link:
    """The command's end. `put` never blocks; a thread sends to the first client that connects, and to no other."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._batches: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._listener = Listener(family="AF_UNIX")
        self.address = str(self._listener.address)
        self._thread = threading.Thread(target=self._run, name="gateways-link", daemon=True)
        self._thread.start()

    def put(self, mode: Mode, batch: Batch) -> None:
        """Send a batch, unless too many wait."""
        if self._batches.qsize() < WAITING:
            self._batches.put((mode, batch))

    def close(self) -> None:
        """Send no more, and remove the socket."""
        self._batches.put(None)
        with contextlib.suppress(OSError):  # a client had connected, and the socket is gone
            Client(self.address, "AF_UNIX").close()
        self._thread.join(timeout=0.2)  # it may wait for a process that takes nothing, until that is ended

    def _run(self) -> None:
        with self._listener:
            connection = self._listener.accept()
        with connection:
            try:
                connection.send(self._lanes)
                while (told := self._batches.get()) is not None:
                    connection.send(told)
            except OSError:  # the page's process has ended; the command learns that from the process
                return


def connect(address: str) -> tuple[Lanes, "Connection[Any, Any]"]:
    """In the page's process: the servers, and the connection from which `follow` takes batches."""
    connection = Client(address, "AF_UNIX")
    lanes: Lanes = connection.recv()
    return lanes, connection


def follow(connection: "Connection[Any, Any]", arrived: Callable[[Mode, Batch], object]) -> None:
    """Call `arrived` for each batch, on this thread, until the command has gone."""
    with connection:
        while True:
            try:
                told: Told = connection.recv()
            except (EOFError, OSError):
                return
            arrived(*told)
