"""A tap on loopback. It forwards a connection to a server, and records each byte in both directions with its time.

Knows sockets and threads. It must not know the meaning of the bytes.
"""

import contextlib
import socket
import threading
from time import perf_counter
from typing import Literal, Self

from gateways.trace.wire import Piece

CONNECT_SECONDS = 5.0
BLOCK = 65536

MAX_BYTES = 16 * 1024 * 1024
"""Maximum number of stored bytes. Above it, the connection is closed and `full` is set."""


class Tap:
    """Listens at `address` for one connection, and forwards it to `server`. A context manager."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._pieces: list[Piece] = []
        self._kept = 0
        self.full = False
        self._threads = [threading.Thread(target=self._serve, name="gateways-tap", daemon=True)]
        self.address: tuple[str, int] = self._listener.getsockname()
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._open:
            with contextlib.suppress(OSError):  # the other end may have closed it
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=1)
        for sock in self._open:
            sock.close()

    def pieces(self) -> list[Piece]:
        """Return the pieces so far, sorted by time."""
        return sorted(self._pieces, key=lambda piece: piece.at)

    def _serve(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # the tap was closed before a client connected
            return
        self._open.append(client)
        try:
            server = socket.create_connection(self._server, timeout=CONNECT_SECONDS)
        except OSError:  # the server has exited; the client gets the end of the connection
            client.close()
            return
        server.settimeout(None)
        self._open.append(server)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._copy, args=(server, client, "out"), name="gateways-tap", daemon=True)
        self._threads.append(back)
        back.start()
        self._copy(client, server, "in")

    def _copy(self, source: socket.socket, sink: socket.socket, way: Literal["in", "out"]) -> None:
        data = b" "
        while data:
            try:
                data = source.recv(BLOCK)
            except OSError:  # the connection was reset, so no more data arrives
                data = b""
            self._pieces.append(Piece(perf_counter(), way, data))
            self._kept += len(data)
            try:
                if self._kept > MAX_BYTES:
                    self.full = True
                    for sock in (source, sink):
                        sock.shutdown(socket.SHUT_RDWR)
                    return
                if data:
                    sink.sendall(data)
                else:
                    sink.shutdown(socket.SHUT_WR)
            except OSError:  # the other side has closed; the data cannot be delivered
                return
