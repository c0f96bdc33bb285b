"""Brings batches of events from the processes of a server to the one that shows them, over a private Unix socket.

Knows sockets and threads. Each process of a server connects for itself, so that servers may fork or spawn as they like.
The batches are pickled: both ends are this program, and the socket is in a directory that only its user may enter.
"""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from gateways.trace.events import Event

Arrived = Callable[[int, list[Event]], object]
"""Called with the process id of the sender and a batch; on a thread of the receiver's."""


def sender(address: str) -> Callable[[list[Event]], None]:
    """A function that sends batches to the receiver at `address`; it raises OSError when that has gone."""
    connection: list[Connection[Any, Any]] = []

    def send(events: list[Event]) -> None:
        if not connection:
            connection.append(Client(address, "AF_UNIX"))
        connection[0].send((os.getpid(), events))

    return send


class Receiver:
    """Listens at `address` and calls `arrived` for each batch, until closed."""

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._closed = False
        self._listener = Listener(family="AF_UNIX")
        self.address = str(self._listener.address)
        self._thread = threading.Thread(target=self._accept, name="gateways-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections, and remove the socket. Those that are open end with their senders."""
        self._closed = True
        Client(self.address, "AF_UNIX").close()  # wakes the thread that accepts
        self._thread.join()

    def _accept(self) -> None:
        with self._listener:
            while True:
                connection = self._listener.accept()
                if self._closed:
                    connection.close()
                    return
                threading.Thread(target=self._read, args=(connection,), name="gateways-events", daemon=True).start()

    def _read(self, connection: "Connection[Any, Any]") -> None:
        with connection:
            while True:
                try:
                    process, events = connection.recv()
                except (EOFError, OSError):  # the sender's process has ended
                    return
                self._arrived(process, events)
