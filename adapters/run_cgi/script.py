"""Find the program for a path. Split the path into script and PATH_INFO (RFC 3875, 3.3), and check the file's mode.

Knows paths and file modes. It must not know requests, environments or processes. All paths are bytes.
"""

# pathlib does not support bytes
# ruff: noqa: PTH100, PTH110, PTH112, PTH116
from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple


class Refused(Exception):
    """The request is refused, because no program can serve it. The client gets `status`; the message is logged."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


class Script(NamedTuple):
    """A program: its file, the part of the path that names it (below the mount), and the rest of the path."""

    file: bytes
    name: bytes
    path_info: bytes


class Tree:
    """The programs below a folder, or one program that serves every path.

    `follow_symlinks`: also follow links that lead out of the folder. Links within it are always followed.
    """

    def __init__(self, program: str | os.PathLike[str], prefix: str, follow_symlinks: bool) -> None:
        self.root = os.fsencode(os.path.abspath(program))
        self.is_folder = os.path.isdir(self.root)
        if not os.path.exists(self.root):
            raise FileNotFoundError(errno.ENOENT, "no such program or folder of programs", os.fspath(program))
        self._prefix = os.fsencode("/" + prefix.strip("/") if prefix.strip("/") else "")
        self._real = os.path.realpath(self.root)
        self._follow_symlinks = follow_symlinks

    def find(self, path: bytes) -> Script:
        """Return the program for a decoded path: an executable file. Raises Refused with 400, 403 or 404.

        First, "." and ".." are resolved in the whole path, as in Apache and lighttpd.
        """
        rest = cut(resolved(path), self._prefix)
        if rest is None:
            raise Refused(404, f"the path is not below {self._prefix.decode('latin-1')}")
        path = rest
        try:
            script, mode = self._below(path, self._prefix) if self.is_folder else self._itself(path, self._prefix)
            executable = os.access(script.file, os.X_OK)
        except OSError as error:
            status = 403 if isinstance(error, PermissionError) else 404
            raise Refused(status, f"{os.fsdecode(path)}: {error.strerror}") from error
        if not stat.S_ISREG(mode):
            raise Refused(403, f"{os.fsdecode(script.file)} is not a regular file")
        if not executable:
            raise Refused(403, f"{os.fsdecode(script.file)} is not executable: chmod +x it")
        return script

    def reaches(self, path: bytes) -> bool:
        """Return True if a resolved path is below the prefix."""
        return cut(path, self._prefix) is not None

    def _itself(self, path: bytes, prefix: bytes) -> tuple[Script, int]:
        return Script(self.root, prefix, path), os.stat(self.root).st_mode

    def _below(self, path: bytes, prefix: bytes) -> tuple[Script, int]:
        """Split the path after the first segment that names a file. Return the script, and the file's mode.

        Empty segments are removed from the script's name, but kept in PATH_INFO.
        """
        file, name, rest = self.root, prefix, path
        while rest:
            segment, slash, after = rest[1:].partition(b"/")
            rest = slash + after
            if not segment:
                continue
            file, name = file + b"/" + segment, name + b"/" + segment
            mode = os.lstat(file).st_mode
            if stat.S_ISLNK(mode):
                mode = self._follow(file)
            if not stat.S_ISDIR(mode):
                return Script(file, name, rest), mode
        raise Refused(404, f"{os.fsdecode(file)} is a folder; folders are not listed")

    def _follow(self, link: bytes) -> int:
        """Return the mode of a link's target."""
        if not self._follow_symlinks:
            real = os.path.realpath(link, strict=True)
            if real != self._real and not real.startswith(self._real.rstrip(b"/") + b"/"):
                raise Refused(403, f"{os.fsdecode(link)} leads out of the folder; follow_symlinks=True would allow it")
        return os.stat(link).st_mode


def cut(path: bytes, prefix: bytes) -> bytes | None:
    """Return the part of a path after a prefix, e.g. "/a/b" or ""; None if the path does not start with the prefix.

    The prefix must consist of whole segments. The path may repeat slashes of the prefix.
    """
    rest = path
    for name in prefix.split(b"/")[1:]:
        rest = rest.lstrip(b"/")
        if not rest.startswith(name) or rest[len(name) : len(name) + 1] not in (b"/", b""):
            return None
        rest = rest[len(name) :]
    return rest


def resolved(path: bytes) -> bytes:
    """Return a decoded path without "." and ".." segments (RFC 3986, 5.2.4).

    Raises Refused with 400 for a NUL, and with 404 for a path that would lead above the root.
    """
    if 0 in path:
        raise Refused(400, "the path contains a NUL")
    if b"/." not in path:
        return b"" if path == b"*" else path  # RFC 3875, 4.1.5: PATH_INFO begins with a slash or is empty
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            if not kept:
                raise Refused(404, "the path leads above the root by '..'")
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        kept.append(b"")  # the path names a folder, so it ends with a slash
    return b"/" + b"/".join(kept)
