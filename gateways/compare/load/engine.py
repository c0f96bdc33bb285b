"""Run non-blocking sockets and timers in one thread, to measure the times at which bytes arrive.

Knows sockets and the system's pollers. It must not know the protocol. On Linux the kernel reports when it received the
bytes (SO_TIMESTAMPNS); on other systems the engine reads the clock after reading the bytes. All times are from
time.time_ns(), which is the kernel's own clock.
"""

import errno
import heapq
import select
import selectors
import socket
import struct
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

IN, OUT = 1, 4  # the same values as in select.epoll
SO_TIMESTAMPNS = 35  # Linux's value; the socket module does not have it
BUFFER = 256 * 1024
SPIN = 1_000_000
"""Nanoseconds before a deadline from which the engine polls without waiting, because a poller's timeout is not more
exact than this.
"""

KERNEL_STAMPS = sys.platform == "linux"

_stamp = struct.Struct("qq").unpack


class Client(Protocol):
    """The callbacks of a connection."""

    def connected(self) -> None: ...
    def received(self, data: memoryview, at: int) -> None:
        """Called with received data, which is valid only during the call. `at`: the time at which the kernel received
        the data, or the engine read it.
        """

    def ended(self, why: str) -> None:
        """Called when the peer has closed the connection (`why` is ""), or when it has failed."""


class Link:
    """A connection."""

    __slots__ = ("_client", "_connecting", "_engine", "_fd", "_rest", "_socket")

    def __init__(self, engine: "Engine", client: Client, address: tuple[str, int], receive_buffer: int) -> None:
        self._engine, self._client = engine, client
        self._socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self._fd = self._socket.fileno()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if engine.stamps:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._connecting = True
        self._rest: memoryview = memoryview(b"")
        error = self._socket.connect_ex(address)
        engine.add(self._fd, OUT, self.ready)
        if error not in {0, errno.EINPROGRESS}:
            engine.after(0.0, lambda: self._fail(error))

    @property
    def open(self) -> bool:
        return self._socket.fileno() >= 0

    def send(self, data: bytes) -> None:
        """Send all data, as fast as the peer reads."""
        if self._rest:
            self._rest = memoryview(bytes(self._rest) + data)
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            number = error.errno or errno.EPIPE
            self._engine.after(0.0, lambda: self._fail(number))
            return
        if sent < len(data):
            self._rest = memoryview(data)[sent:]
            self._engine.change(self._fd, IN | OUT)

    def pause(self) -> None:
        """Stop reading, except by read_some()."""
        self._engine.change(self._fd, OUT if self._rest else 0)

    def read_some(self, most: int) -> None:
        """Read available data, at most `most` bytes."""
        if self.open:
            self._read([self._engine.view[:most]])

    def close(self) -> None:
        if self.open:
            self._engine.remove(self._fd)
            self._socket.close()

    def ready(self, mask: int) -> None:
        """Handle the events that the poller reports."""
        if mask == IN:
            self._read(self._engine.whole)
        elif self._connecting:
            self._connecting = False
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self._fail(error)
            else:
                self._engine.change(self._fd, IN)
                self._client.connected()
        else:
            if mask & OUT and self._rest:
                self._write()
            if mask & ~OUT and self.open:
                self._read(self._engine.whole)

    def _write(self) -> None:
        try:
            self._rest = self._rest[self._socket.send(self._rest) :]
        except BlockingIOError:
            return
        except OSError as error:
            # The server may have sent a response before it stopped reading.
            self._rest = memoryview(b"")
            if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                self._fail(error.errno or errno.EIO)
                return
        if not self._rest:
            self._engine.change(self._fd, IN)

    def _read(self, into: list[memoryview]) -> None:
        try:
            number, extra, _, _ = self._socket.recvmsg_into(into, 64)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error.errno or errno.EIO)
            return
        if number == 0:
            self.close()
            self._client.ended("")
            return
        if extra:
            seconds, nanoseconds = _stamp(extra[0][2])
            self._client.received(into[0][:number], seconds * 1_000_000_000 + nanoseconds)
        else:
            self._client.received(into[0][:number], time.time_ns())

    def _fail(self, error: int) -> None:
        if self.open:
            self.close()
            self._client.ended(errno.errorcode.get(error, str(error)))


class Engine:
    """Runs connections and timers until it is stopped."""

    def __init__(self, *, stamps: bool = KERNEL_STAMPS, spin: bool = False, link: "Links | None" = None) -> None:
        self.stamps = stamps
        self._link: Links = link or Link
        self.view = memoryview(bytearray(BUFFER))
        self.whole = [self.view]
        self.pace: Callable[[int], int] | None = None
        """Function that the engine calls repeatedly with the current time. It does the work that is due, and returns
        the next due time.
        """
        self._spin = SPIN if spin else 0
        self._poller: Any = select.epoll() if hasattr(select, "epoll") else _Poller()
        self._ready: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._running = True

    def connect(self, address: tuple[str, int], client: Client, receive_buffer: int = 0) -> Link:
        """Start a connection. `receive_buffer` is the size of the kernel's receive buffer in bytes (0: the default).

        Raises: OSError: cannot create a socket.
        """
        return self._link(self, client, address, receive_buffer)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call a function after `seconds`."""
        heapq.heappush(self._timers, (time.time_ns() + int(seconds * 1e9), next(self._numbers), call))

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        """Run until stop()."""
        poll, ready, timers, now = self._poller.poll, self._ready, self._timers, time.time_ns
        self._running = True
        while self._running:
            instant = now()
            due = timers[0][0] if timers else instant + 1_000_000_000
            if self.pace is not None:
                due = min(due, self.pace(instant) - self._spin)
            wait = due - now()
            for fd, mask in poll(wait / 1e9 if wait > 0 else 0):
                call = ready.get(fd)  # an earlier event in this batch may have closed the connection
                if call is not None:
                    call(mask)
            while timers and timers[0][0] <= now():
                heapq.heappop(timers)[2]()

    def close(self) -> None:
        self._poller.close()

    def add(self, fd: int, mask: int, call: Callable[[int], None]) -> None:
        self._poller.register(fd, mask)
        self._ready[fd] = call

    def change(self, fd: int, mask: int) -> None:
        self._poller.modify(fd, mask)

    def remove(self, fd: int) -> None:
        self._poller.unregister(fd)
        del self._ready[fd]


Links = Callable[[Engine, Client, tuple[str, int], int], Link]
"""Creates connections: Link, or a subclass of it."""


class _Poller:
    """Wrapper around selectors.DefaultSelector (kqueue on BSD and macOS) with the methods of select.epoll."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._silent: set[int] = set()
        self.close = self._selector.close

    def register(self, fd: int, mask: int) -> None:
        self._selector.register(fd, _events(mask))

    def modify(self, fd: int, mask: int) -> None:
        """Change the events of a descriptor. Without events the descriptor is unregistered, because a selector does not
        accept an empty set.
        """
        if mask and fd in self._silent:
            self._silent.discard(fd)
            self._selector.register(fd, _events(mask))
        elif mask:
            self._selector.modify(fd, _events(mask))
        elif fd not in self._silent:
            self._silent.add(fd)
            self._selector.unregister(fd)

    def unregister(self, fd: int) -> None:
        if fd in self._silent:
            self._silent.discard(fd)
        else:
            self._selector.unregister(fd)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return [
            (key.fd, (IN if events & selectors.EVENT_READ else 0) | (OUT if events & selectors.EVENT_WRITE else 0))
            for key, events in self._selector.select(timeout)
        ]


def _events(mask: int) -> int:
    return (selectors.EVENT_READ if mask & IN else 0) | (selectors.EVENT_WRITE if mask & OUT else 0)
