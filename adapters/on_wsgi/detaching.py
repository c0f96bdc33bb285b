"""Detach a response from the server's thread: the server writes the headers, then the loop takes over the connection.

The server gets one short block, MARK, as the body. The server writes the headers and MARK to a replacement socket (see
takeover.py). So the server still creates the headers, the framing and the access log, and this module can check that no
middleware changes the body. Knows the steps in the server's thread. It must not know the stream.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..concurrency.loops import Loop
from ..websocket.places import Places
from .client import can_poll
from .takeover import Connection, find
from .written import MARK, Start, Unexpected, start_of

__all__ = ["MARK", "Detached", "Detachment"]

log = logging.getLogger("gateways.asgi")

WRITING_SECONDS = 5.0  # timeout for the server to write its headers, in seconds; waitress may write in another thread


class Detached(NamedTuple):
    """A client's connection, and the start of the response, which must be sent first."""

    sock: socket.socket
    start: Start


class Detachment:
    """Detaches one response from the server's thread. Call begin(), pass MARK to the server, and call finish().

    Not thread-safe: use it only in the server's thread.
    """

    def __init__(self, environ: Mapping[str, Any], places: Places, direct: bool) -> None:
        """direct: True if the server is known to call the adapter without middleware: begin() ignores `by_server`."""
        self.places = places
        self.begun = False
        self._environ, self._direct = environ, direct
        self._connection: Connection | None = None
        self._sock: socket.socket | None = None

    def begin(self, by_server: bool) -> bool:
        """Take the connection, and count the stream in `places`. Return False if the response must stay in the thread:

        - a middleware has wrapped the body (`by_server` is False),
        - the server does not expose the connection,
        - the client has already sent another request, which the server must serve,
        - the adapter has its maximum number of detached streams, or
        - the connection cannot be taken over.
        """
        if not by_server and not self._direct:
            log.debug("cannot detach a stream from its thread: a middleware has wrapped the response body")
            return False
        connection = find(self._environ) if can_poll else None
        if connection is None or connection.has_input or not self.places.take():
            return False
        try:
            self._sock = connection.take()
        except OSError as error:
            log.warning("cannot detach a stream from its thread: cannot take its connection: %s", error)
            self.places.release()
            return False
        self._connection, self.begun = connection, True
        return True

    def finish(self) -> Detached | None:
        """Return the connection. The caller must call `places.release()` when the stream has ended.

        If the output of the server is unexpected, give the connection back to the server, and return None.
        """
        sock, connection = self._sock, self._connection
        assert sock is not None
        assert connection is not None  # begin() has returned True
        written = bytearray()
        try:
            start = self._start(connection, written)
        except Unexpected as error:
            log.warning("cannot detach a stream from its thread: cannot continue its response: %s", error)
            connection.return_to_server(sock, bytes(written))
            return None
        connection.release()
        self._sock = None
        return Detached(sock, start)

    def _start(self, connection: Connection, written: bytearray) -> Start:
        deadline = time.monotonic() + WRITING_SECONDS
        while (start := start_of(bytes(written))) is None:
            data = connection.written(max(0.0, deadline - time.monotonic()))
            if not data:
                raise Unexpected(
                    f"the server wrote {bytes(written[:40])!r} and then nothing for {WRITING_SECONDS:g} seconds"
                )
            written += data
        return start

    def close(self, loop: Loop) -> None:
        """Disconnect the client if the server has closed the response before the end of the response."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()
            self.places.release()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(loop)
