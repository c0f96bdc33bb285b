"""Send the list of servers, and then each batch of events, from the command to the page's process.

Knows a private Unix socket and threads. The data is pickled, which is safe because both ends are this program, and
the socket is in a directory that only its user may enter.
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
"""Environment variable with the socket's path for the page's process."""

WAITING = 200
"""Maximum number of queued batches; later ones are dropped."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the servers: its mode, name, version, processes and threads, and address."""

    mode: Mode
    server: str
    version: str
    model: str
    address: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Lanes:
    """The first message to the page's process: the servers, the given host, and `quiet`, which is True if no steps
    are recorded.
    """

    lanes: tuple[Lane, ...]
    host: str
    quiet: bool


Told = tuple[Mode, Batch]


class Link:
    """The command's end of the link. `put` never blocks. A thread sends the data to the first client that connects, and
    to no other client.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._batches: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._listener = Listener(family="AF_UNIX")
        self.address = str(self._listener.address)
        self._thread = threading.Thread(target=self._run, name="gateways-link", daemon=True)
        self._thread.start()

    def put(self, mode: Mode, batch: Batch) -> None:
        """Queue a batch; drop it if the queue is full."""
        if self._batches.qsize() < WAITING:
            self._batches.put((mode, batch))

    def close(self) -> None:
        """Stop sending, and remove the socket."""
        self._batches.put(None)
        with contextlib.suppress(OSError):  # fails if a client has connected, because then the socket is already closed
            Client(self.address, "AF_UNIX").close()
        self._thread.join(timeout=0.2)  # the thread may block until the page's process exits

    def _run(self) -> None:
        with self._listener:
            connection = self._listener.accept()
        with connection:
            try:
                connection.send(self._lanes)
                while (message := self._batches.get()) is not None:
                    connection.send(message)
            except OSError:  # the page's process has exited; the command detects this by itself
                return


def connect(address: str) -> tuple[Lanes, "Connection[Any, Any]"]:
    """Return the servers, and the connection for `follow`. Called in the page's process."""
    connection = Client(address, "AF_UNIX")
    lanes: Lanes = connection.recv()
    return lanes, connection


def follow(connection: "Connection[Any, Any]", arrived: Callable[[Mode, Batch], object]) -> None:
    """Call `arrived` for each batch, on this thread, until the command exits."""
    with connection:
        while True:
            try:
                message: Told = connection.recv()
            except (EOFError, OSError):
                return
            arrived(*message)
