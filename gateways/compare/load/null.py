"""A server that does nothing, to measure the load client's own limit: `python -m gateways.compare.load.null LENGTH`.

It sends a response with a body of LENGTH bytes to each request. It does not parse requests, and counts bytes that
arrive together as one request. The first line of its output is the port. It exits at the end of stdin.
"""

import os
import socket
import sys
import threading

from gateways.compare.load.engine import IN, OUT, Engine

BLOCK = 64 * 1024


class Null:
    """The server, on a listening socket."""

    def __init__(self, listener: socket.socket, length: int) -> None:
        self.answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
        )
        self.engine = Engine(stamps=False)
        self._listener = listener
        listener.setblocking(False)
        self.engine.add(listener.fileno(), IN, self._accept)

    def _accept(self, _mask: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        Accepted(self, sock)


class Accepted:
    """One connection."""

    __slots__ = ("_answer", "_buffer", "_engine", "_rest", "_socket")

    def __init__(self, server: Null, sock: socket.socket) -> None:
        self._answer, self._engine, self._socket = server.answer, server.engine, sock
        self._buffer = bytearray(BLOCK)
        self._rest = memoryview(b"")
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._engine.add(sock.fileno(), IN, self._ready)

    def _ready(self, mask: int) -> None:
        try:
            if mask & OUT:
                self._write(self._rest)
            elif self._socket.recv_into(self._buffer):
                self._write(self._answer)
            else:
                self._close()
        except OSError:
            self._close()

    def _write(self, octets: bytes | memoryview) -> None:
        try:
            sent = self._socket.send(octets)
        except BlockingIOError:
            sent = 0
        if sent < len(octets) or self._rest:
            self._rest = memoryview(octets)[sent:]
            self._engine.change(self._socket.fileno(), OUT if self._rest else IN)

    def _close(self) -> None:
        self._engine.remove(self._socket.fileno())
        self._socket.close()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    Null(listener, int(sys.argv[1])).engine.run()


if __name__ == "__main__":
    main()
