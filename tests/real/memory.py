"""Measure the memory of a server during large bodies, and clients that send and receive them.

Knows processes, sockets and a little HTTP. It must not know the app.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.real.serving import Running

MB = 1000 * 1000
BLOCK = random.Random(1).randbytes(MB)
_SOME = 64 * 1024  # bytes that a slow client reads at a time


class Growth:
    """The peak of resident memory above its value at the start, in bytes."""

    def __init__(self, server: Running) -> None:
        root = psutil.Process(server.process.pid)
        self._processes = [Path(f"/proc/{each.pid}") for each in [root, *root.children(recursive=True)]]
        for process in self._processes:
            (process / "clear_refs").write_text("5")  # proc(5): reset the peak to the current value
        self._before = self._peak()

    def _peak(self) -> int:
        statuses = [(process / "status").read_text().splitlines() for process in self._processes]
        return sum(int(line.split()[1]) * 1024 for status in statuses for line in status if line.startswith("VmHWM:"))

    @property
    def bytes(self) -> int:
        return self._peak() - self._before


needs_peaks = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the highest memory of a process since a moment"
)


def upload(server: Running, path: str, blocks: int, chunked: bool) -> bytes:
    """POST `blocks` BLOCKs; return the app's response."""
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as connection:
        connection.putrequest("POST", path)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        else:
            connection.putheader("Content-Length", str(blocks * len(BLOCK)))
        connection.endheaders()
        for _ in range(blocks):
            connection.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
        if chunked:
            connection.send(b"0\r\n\r\n")
        with connection.getresponse() as response:
            body = response.read()
            assert response.status == 200, (response.status, body)
            return body


def download(server: Running, path: str, rate: float) -> int:
    """GET a response, reading `rate` bytes per second; return its size in bytes."""
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as response:
            assert response.status == 200, response.status
            return sum(len(block) for block in _slowly(response, rate))


def _slowly(response: http.client.HTTPResponse, rate: float) -> Iterator[bytes]:
    began, read = time.monotonic(), 0
    while block := response.read(_SOME):
        yield block
        read += len(block)
        time.sleep(max(0.0, began + read / rate - time.monotonic()))
