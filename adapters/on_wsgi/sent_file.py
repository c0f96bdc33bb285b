"""A file as the body of a WSGI response: the argument of wsgi.file_wrapper (PEP 3333, "File Handling").

Knows how a server reads and closes the file. It must not know how the application chose the file.

The class has no fileno(). So the server reads the file, and cannot use sendfile(). With sendfile(), the file must not
change until the client has received the data (see sendfile's manual page), but the server calls close() before that.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable

from ..errors import ClientDisconnected

Done = Callable[[BaseException | None, int], object]

FILE_BLOCK = 64 * 1024  # block size to pass to the server's wsgi.file_wrapper, in bytes


class SentFile(io.BufferedIOBase):
    """The first `length` bytes of a file, without fileno(). `done` is called when the server has closed it."""

    def __init__(self, path: str, length: int | None, done: Done) -> None:
        """Open `path`. Raises OSError if the file cannot be opened, is a directory, or is shorter than `length`.

        length: the response's Content-Length; None for the whole file. done: called with the error (None if the server
        has read the whole file), and with the number of bytes read.
        """
        self._done: Done | None = None
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - close() closes it
        size = os.fstat(self._file.fileno()).st_size
        self.length = size if length is None else length
        if size < self.length:
            self._file.close()
            raise OSError(f"{path!r} has {size} bytes; the response has Content-Length: {length}")
        self._done = done

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes.

        Raises OSError if the file has become shorter, because the response must not look complete.
        """
        rest = self.length - self._file.tell()
        wanted = rest if size is None or size < 0 else min(size, rest)
        if wanted <= 0:
            return b""
        block = self._file.read(wanted)
        if not block:
            raise OSError(f"the file ended {rest} bytes before the response's Content-Length: it has been truncated")
        return block

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_END:
            offset, whence = self.length + offset, os.SEEK_SET
        return self._file.seek(offset, whence)

    def close(self) -> None:
        """Close the file. The server calls this at the end of the response, even if it has not sent the whole file."""
        if self.closed:
            return
        super().close()
        done, self._done = self._done, None
        if done is not None:
            sent = self._file.tell()
            self._file.close()
            whole = sent >= self.length
            done(None if whole else ClientDisconnected("the client disconnected before the whole file was sent"), sent)
