"""A WSGI application that serves the files of a folder, as http.server does.

Knows paths, file modes and dates. It never sends the source of a program. It refuses files below a folder for CGI
programs, and executable files that start with `#!`. It must not know how to run programs.
"""

import html
import mimetypes
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways.adapters.run_cgi.host import REDIRECTS
from gateways.adapters.run_cgi.script import Refused, resolved

PROGRAMS = ("cgi-bin", "htbin")
"""Names of folders of CGI programs, which are compared with each segment of a path. The comparison ignores case,
because some file systems do."""

INDEX = ("index.html", "index.htm")
BLOCK = 65536

# The Content-Type of a compressed file names the compression, because no proxy or client must decompress the file.
COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}

LISTING = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<ul>
{items}
</ul>
</body>
</html>
"""

Headers = list[tuple[str, str]]


class _Answer(NamedTuple):
    status: HTTPStatus
    headers: Headers
    content: bytes | IO[bytes]


class _Refused(Exception):
    """No file can be sent for this request."""

    def __init__(self, status: HTTPStatus, **headers: str) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.headers = list(headers.items())


class Files:
    """Serves the files below `folder` for GET and HEAD, and no file outside it unless `follow_symlinks` is True.

    For a folder, it sends index.html or a listing. It supports If-Modified-Since.

    Links within the folder are followed. Hidden files are served too.
    """

    def __init__(
        self, folder: str | os.PathLike[str], programs: Iterable[str] = (), follow_symlinks: bool = False
    ) -> None:
        """Serve `folder`, except the folders `programs`, which contain further CGI programs, e.g. "shop/scripts"."""
        self._root = Path(folder).resolve(strict=True)
        self._programs = [name.casefold().split("/") for name in programs]
        self._follow_symlinks = follow_symlinks

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        try:
            status, headers, content = self._find(environ)
        except _Refused as refusal:
            text = f"{refusal.status} {refusal.status.phrase}\n".encode()
            headers = [*refusal.headers, ("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
            status, content = refusal.status, text
        start_response(f"{status} {status.phrase}", headers)
        if isinstance(content, bytes):
            return [content] if content and environ["REQUEST_METHOD"] != "HEAD" else []
        wrapper = environ.get("wsgi.file_wrapper", _blocks)
        sent: Iterable[bytes] = wrapper(content, BLOCK)
        return sent

    def _find(self, environ: WSGIEnvironment) -> _Answer:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        try:
            path = resolved(environ.get("PATH_INFO", "").encode("latin-1"))
        except Refused as refused:
            raise _Refused(HTTPStatus(refused.status)) from None
        try:
            found = self._below(path)
            if found.is_dir():
                return self._index(found, path, environ) if path.endswith(b"/") else _moved(environ)
            if path.endswith(b"/"):
                raise _Refused(HTTPStatus.NOT_FOUND)
            return _file(found, environ)
        except PermissionError:
            raise _Refused(HTTPStatus.FORBIDDEN) from None
        except OSError:
            raise _Refused(HTTPStatus.NOT_FOUND) from None

    def _index(self, folder: Path, path: bytes, environ: WSGIEnvironment) -> _Answer:
        for name in INDEX:
            if (folder / name).is_file():
                return _file(self._below(path + name.encode()), environ)  # the index may be a link
        return _list(folder, path)

    def _below(self, path: bytes) -> Path:
        """Return the file at a path, after following links. Raises OSError if the file does not exist, and _Refused if
        it must not be sent.

        The checks also apply to the target of a link, because that is the file that would be sent.
        """
        segments = [os.fsdecode(each) for each in path.split(b"/") if each]
        found = Path(os.path.realpath(self._root.joinpath(*segments), strict=True))
        if not found.is_relative_to(self._root) and not self._follow_symlinks:
            raise _Refused(HTTPStatus.NOT_FOUND)
        if self._is_of_programs(segments) or self._is_of_programs(os.path.relpath(found, self._root).split("/")):
            raise _Refused(HTTPStatus.FORBIDDEN)
        return found

    def _is_of_programs(self, segments: list[str]) -> bool:
        names = [each.casefold() for each in segments]
        return not set(PROGRAMS).isdisjoint(names) or any(names[: len(each)] == each for each in self._programs)


def _moved(environ: WSGIEnvironment) -> _Answer:
    """Redirect to the same path with a slash at its end.

    The Location is relative, because it must work behind any proxy. It is one segment, and cannot lead to another host.

    After a local redirect, the client's URL has a different path, so the Location is the whole path.
    """
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
    query = environ.get("QUERY_STRING")
    if environ.get(REDIRECTS) or environ.get("asgi.scope", {}).get(REDIRECTS):
        location = "/" + quote(path.lstrip(b"/"))
    else:
        location = quote(path.rpartition(b"/")[2], safe="")
    location += "/" + (f"?{query}" if query else "")
    headers = [("Location", location), ("Content-Type", "text/plain"), ("Content-Length", "0")]
    return _Answer(HTTPStatus.MOVED_PERMANENTLY, headers, b"")


def _file(path: Path, environ: WSGIEnvironment) -> _Answer:
    if not path.is_file():
        raise _Refused(HTTPStatus.FORBIDDEN)
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        status = os.fstat(file.fileno())
        if status.st_mode & 0o111 and file.read(2) == b"#!":
            raise _Refused(HTTPStatus.FORBIDDEN)
        headers = [("Last-Modified", formatdate(int(status.st_mtime), usegmt=True))]
        if _is_known(environ, int(status.st_mtime)):
            return _Answer(HTTPStatus.NOT_MODIFIED, headers, b"")
        headers += [("Content-Type", _type(path.name)), ("Content-Length", str(status.st_size))]
        if environ["REQUEST_METHOD"] == "HEAD":
            return _Answer(HTTPStatus.OK, headers, b"")
        file.seek(0)
        opened.pop_all()
        return _Answer(HTTPStatus.OK, headers, file)


def _is_known(environ: WSGIEnvironment, modified: int) -> bool:
    """Return True if the client has the current file (RFC 9110, 13.1.3: If-Modified-Since).

    Whole seconds are compared. The header is ignored if If-None-Match is present, or if it is not a valid date.
    """
    since = environ.get("HTTP_IF_MODIFIED_SINCE", "")
    if not since or "HTTP_IF_NONE_MATCH" in environ:
        return False
    with suppress(ValueError, TypeError, OverflowError):
        return modified <= parsedate_to_datetime(since).timestamp()
    return False


def _type(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    return COMPRESSED.get(encoding or "", kind or "application/octet-stream")


def _list(folder: Path, path: bytes) -> _Answer:
    title = html.escape(f"Directory listing for {os.fsdecode(path)}")
    items = "\n".join(map(_item, sorted(folder.iterdir(), key=lambda each: each.name.casefold())))
    page = LISTING.format(title=title, items=items).encode("utf-8", "surrogateescape")
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))]
    return _Answer(HTTPStatus.OK, headers, page)


def _item(path: Path) -> str:
    slash = "/" if path.is_dir() else ""
    shown = path.name + ("@" if path.is_symlink() else slash)
    link = quote(os.fsencode(path.name), safe="") + slash
    return f'<li><a href="{link}">{html.escape(shown)}</a></li>'


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    with file:
        while block := file.read(size):
            yield block
