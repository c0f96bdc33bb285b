"""Read the bytes of a file of requests, block by block. Knows the file system. It must not know formats.

A log may be much larger than its requests, so its lines are not all in memory at the same time. The file may be a pipe,
so it is read only once.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from gateways.failure import Failure

MAX_SIZE = 1 << 30
"""Maximum size of a file, in bytes and uncompressed. A larger file is rejected before it fills the memory."""

HEAD = 1 << 16
"""Number of bytes at the start of a file by which its kind is detected."""

BLOCK = 1 << 20

Progress = Callable[[int, int], None]
"""Function for progress. Its arguments: the number of bytes read so far, and the size of the file; 0 if unknown."""

_END = re.compile("\r\n?|\n")


def ignore(_done: int, _size: int) -> None:
    """Do nothing: the progress is not shown."""


class Source:
    """An open file. `head` is its beginning, without a byte order mark."""

    def __init__(self, file: Path, outer: BinaryIO, inner: BufferedReader | GzipFile, progress: Progress) -> None:
        self._file, self._outer, self._inner, self._progress = file, outer, inner, progress
        self._size = file.stat().st_size
        if self._size > MAX_SIZE:
            raise self._too_large()
        self._done = 0
        head = b""
        while len(head) < HEAD and (octets := self._read(HEAD - len(head))):
            head += octets
        self.head = head.removeprefix(codecs.BOM_UTF8)

    def _read(self, size: int) -> bytes:
        """Return the bytes of one system call. Ctrl-C then takes effect between two calls, even on an endless pipe."""
        octets = self._inner.read1(size)
        self._done += len(octets)
        if self._done > MAX_SIZE:
            raise self._too_large()
        self._progress(self._outer.tell() if self._size else self._done, self._size)
        return octets

    def _too_large(self) -> Failure:
        return Failure(f"{self._file} is larger than {MAX_SIZE >> 30} GiB; use a part of it")

    def _blocks(self) -> Iterator[bytes]:
        yield self.head
        while block := self._read(BLOCK):
            yield block

    def text(self) -> str:
        """Return the whole file, which must be UTF-8.

        Raises: Failure: it is not UTF-8; the text names the line.
        """
        octets = b"".join(self._blocks())
        try:
            return octets.decode()
        except UnicodeDecodeError as error:
            line = octets.count(b"\n", 0, error.start) + 1
            raise Failure(f"{self._file.name}, line {line}: not UTF-8 (byte {octets[error.start]:#04x})") from None

    def lines(self) -> Iterator[str]:
        """Yield each line, one character for each byte. A log contains the bytes that clients sent."""
        rest = ""
        for block in self._blocks():
            text = rest + block.decode("latin-1")
            if "\r" not in text:
                *lines, rest = text.split("\n")
            else:
                held = "\r" if text.endswith("\r") else ""  # the next block may begin with its "\n"
                *lines, rest = _END.split(text.removesuffix("\r"))
                rest += held
            yield from lines
        yield from _END.split(rest)


@contextmanager
def opened(file: Path, progress: Progress = ignore) -> Iterator[Source]:
    """Open a file, and decompress it if it was compressed with gzip.

    Raises: Failure: it cannot be read, or it is larger than MAX_SIZE.
    """
    try:
        with file.open("rb") as outer:
            if outer.peek(2)[:2] == b"\x1f\x8b":
                with gzip.open(outer) as inner:
                    yield Source(file, outer, inner, progress)
            else:
                yield Source(file, outer, outer, progress)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Failure(f"cannot unpack {file}: {error}") from error
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}") from error
