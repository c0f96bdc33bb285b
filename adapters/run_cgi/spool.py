"""A request body that is stored before the program starts: in memory, or in a temporary file if it is large.

Knows files. It must not know where the body comes from.
"""

from __future__ import annotations

import contextlib
import tempfile

from .script import Refused

IN_MEMORY = 1 << 20  # size limit for a body in memory, in bytes


class Spool:
    """The stored body. All methods except close() raise Refused(503) if the disk is full or no file can be created."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (close() closes it)

    def write(self, block: bytes) -> int:
        """Append a block. Return its length."""
        with _Storing():
            return self._file.write(block)

    def rewind(self) -> None:
        """Go to the start of the body, to read it."""
        with _Storing():
            self._file.seek(0)  # seek() also flushes the buffer

    def read(self, size: int) -> bytes:
        """Return the next bytes; b"" at the end."""
        with _Storing():
            return self._file.read(size)

    def close(self) -> None:
        """Delete the stored body."""
        with contextlib.suppress(OSError):  # close() tries again to write data that could not be written
            self._file.close()


class _Storing(contextlib.AbstractContextManager[None]):
    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise Refused(503, f"cannot store the request body: {error}", **{"Retry-After": "5"}) from error
