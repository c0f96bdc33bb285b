"""Send batches of events from the processes of a server to the process that shows them, over a private Unix socket.

Knows sockets and threads. It must not know the content of events. Each process of a server has its own connection, so
servers may fork or spawn. The batches are pickled, which is safe because both ends are this program, and only its user
can access the folder of the socket.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from gateways.events.events import Batch, Event

Arrived = Callable[[Batch], object]
"""Called for each batch, on a thread of the receiver."""


def sender(address: str, interface: str) -> Callable[[list[Event]], None]:
    """Return a function that sends batches to the receiver at `address`, and raises OSError if the receiver
    is closed.
    """
    connection: list[Connection[Any, Any]] = []

    def send(events: list[Event]) -> None:
        if not connection:
            connection.append(Client(address, "AF_UNIX"))
        threads = {each.ident: each.name for each in threading.enumerate() if each.ident is not None}
        used = {event[1]: threads[event[1]] for event in events if event[1] in threads}
        connection[0].send(Batch(os.getpid(), interface, used, tuple(events)))

    return send


class Receiver:
    """Listens at `address` and calls `arrived` for each batch, until closed."""

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._over = False
        self._readers: list[threading.Thread] = []
        self._listener = Listener(family="AF_UNIX")
        self.address = str(self._listener.address)
        self._thread = threading.Thread(target=self._accept, name="gateways-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Deliver all batches of senders that have exited, then stop accepting connections, and remove the socket."""
        with Client(self.address, "AF_UNIX") as last:  # earlier clients are accepted first
            last.send(None)
            self._thread.join()
        for reader in self._readers:
            reader.join(timeout=1)  # a process that has left the server's process group may never close its connection

    def _accept(self) -> None:
        with self._listener:
            while True:
                connection = self._listener.accept()
                if self._over:
                    connection.close()
                    return
                reader = threading.Thread(target=self._read, args=(connection,), name="gateways-events", daemon=True)
                self._readers.append(reader)
                reader.start()

    def _read(self, connection: "Connection[Any, Any]") -> None:
        with connection:
            while self._take(connection):
                pass

    def _take(self, connection: "Connection[Any, Any]") -> bool:
        """Receive one batch. Return False if the sender's process has exited, or if the receiver is closed."""
        try:
            batch = connection.recv()
        except (EOFError, OSError):
            return False
        if batch is not None:
            self._arrived(batch)
            return True
        self._over = True
        with contextlib.suppress(OSError):  # a late client may have been accepted instead
            Client(self.address, "AF_UNIX").close()  # wakes the other thread
        return False
