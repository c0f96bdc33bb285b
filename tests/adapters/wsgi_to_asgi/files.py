"""Files of all kinds, each opened in a way that an optimised sendfile could handle wrongly.

Knows only files. Each row has the expected content.
"""

from __future__ import annotations

import gzip
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTENT = bytes(range(256)) * 1200  # 300 KB


def at(file: Path, position: int) -> Any:
    opened = file.open("rb")
    opened.seek(position)
    return opened


def peeked(file: Path) -> Any:
    """A file at its start, although the descriptor's position is further on."""
    opened = file.open("rb")
    opened.peek(1)
    return opened


def reread(file: Path) -> Any:
    """A file at a position far before the descriptor's."""
    opened = file.open("rb")
    opened.read(7)
    return opened


def unlinked(file: Path) -> Any:
    other = file.with_name("unlinked.bin")
    other.write_bytes(CONTENT)
    opened = other.open("rb")
    other.unlink()
    return opened


def replaced(file: Path) -> Any:
    """A file whose name now belongs to another file."""
    other = file.with_name("replaced.bin")
    other.write_bytes(CONTENT)
    opened = other.open("rb")
    other.unlink()
    other.write_bytes(b"not this")
    return opened


def zipped(file: Path) -> Any:
    """A file whose descriptor contains different bytes than read() returns."""
    other = file.with_name("content.gz")
    other.write_bytes(gzip.compress(CONTENT))
    return gzip.GzipFile(other)


def piped(file: Path) -> Any:
    """A file without a size or a position."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(CONTENT)

    threading.Thread(target=write, daemon=True).start()
    return os.fdopen(reading, "rb")


class Reader:
    """A minimal file-like object: without close(), fileno() and the rest."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)


class Upper(io.FileIO):
    """A file whose class changes its bytes."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(-1 if size is None else size).upper()


FILES: dict[str, tuple[Callable[[Path], Any], bytes]] = {
    "at its start": (lambda file: at(file, 0), CONTENT),
    "beyond its start": (lambda file: at(file, 1000), CONTENT[1000:]),
    "at its end": (lambda file: at(file, len(CONTENT)), b""),
    "peeked": (peeked, CONTENT),
    "partly read": (reread, CONTENT[7:]),
    "unbuffered": (lambda file: file.open("rb", buffering=0), CONTENT),
    "by descriptor": (lambda file: os.fdopen(os.open(file, os.O_RDONLY), "rb"), CONTENT),
    "for reading and writing": (lambda file: file.open("r+b"), CONTENT),
    "unlinked": (unlinked, CONTENT),
    "replaced": (replaced, CONTENT),
    "zipped": (zipped, CONTENT),
    "pipe": (piped, CONTENT),
    "BytesIO": (lambda file: io.BytesIO(CONTENT), CONTENT),
    "read() only": (lambda file: Reader(CONTENT), CONTENT),
    "another class": (Upper, CONTENT.upper()),
    "empty": (lambda file: at(Path(os.devnull), 0), b""),
}
