"""The request of a CGI program (RFC 3875, 4): its environment as PEP 3333 encodes it, the client's URL, and the body.

Knows this process's environment variables and its stdin, on POSIX. It must not know how an application is called. It
imports few modules, because they are imported again for each request.
"""

from __future__ import annotations

import os
import stat

from ..errors import ClientDisconnected
from ..mapping.lengths import content_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Environ = dict[str, Any]

_DEFAULTS = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.0",
}
# CONTENT_TYPE and CONTENT_LENGTH are passed without the prefix HTTP_ (4.1.18). HTTP_PROXY is dropped because an HTTP
# client in the application would use it as its proxy ("httpoxy").
_DROPPED = ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_PROXY")
_REDIRECTED = ("REDIRECT_HTTP_AUTHORIZATION", "REDIRECT_REDIRECT_HTTP_AUTHORIZATION")  # Apache's names after rewriting


def request_environ(script_name: str | None) -> Environ:
    """Return the process's environment as PEP 3333 encodes it (bytes as latin-1).

    wsgi.url_scheme is added. Variables that a client could misuse, such as HTTP_PROXY, are left out.
    """
    environ: Environ = {name.decode("latin-1"): value.decode("latin-1") for name, value in os.environb.items()}
    os.environ.pop("HTTP_PROXY", None)  # HTTP clients in the application would read it from os.environ
    for name in _DROPPED:
        environ.pop(name, None)
    for name, default in _DEFAULTS.items():
        environ.setdefault(name, default)
    for name in _REDIRECTED:
        if environ.get(name) and not environ.get("HTTP_AUTHORIZATION"):
            environ["HTTP_AUTHORIZATION"] = environ[name]
    secure = environ.get("HTTPS", "").lower() in ("on", "1", "true", "yes") or environ.get("REQUEST_SCHEME") == "https"
    environ["wsgi.url_scheme"] = "https" if secure else "http"
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = public_path(environ, script_name)
    return environ


def public_path(environ: Environ, script_name: str | None) -> tuple[str, str]:
    """Return SCRIPT_NAME and PATH_INFO of the URL that the client requested.

    They differ from the server's values if the server rewrote the URL. For example, if /shop/cart was rewritten to
    /shop/app.cgi/cart, SCRIPT_NAME must be /shop, because the application builds its links from SCRIPT_NAME.

    If `script_name` is not None, it is the SCRIPT_NAME. If the server then passes no PATH_INFO (Apache's
    FallbackResource), PATH_INFO is the rest of the client's path. Servers merge repeated slashes and resolve "." and
    ".." before they rewrite a URL.
    """
    script, info = environ["SCRIPT_NAME"].rstrip("/"), environ["PATH_INFO"]
    requested = _requested_path(environ)
    if script_name is not None:
        script = script_name.encode().decode("latin-1")
        if "/." in requested:
            requested = _normalised(requested)
        if not info and _is_below(requested, script):
            info = requested[len(script) :]
    elif info and not _is_below(requested, script):
        for path in (requested, _redirect_url(environ), _merged(requested)):
            prefix = path[: -len(info)].rstrip("/")
            if path.endswith(info) and _is_plain(prefix):
                script = prefix
                break
    return script, info if info or script else "/"


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _is_plain(prefix: str) -> bool:
    """Return True if links may safely begin with this path.

    Return False for "//another.example/", even if the server has merged its slashes: a client must not be able to
    choose the host of a link.
    """
    return all(segment not in ("", ".", "..") and "\\" not in segment for segment in prefix.split("/")[1:])


def _normalised(path: str) -> str:
    """Return a path with its slashes merged and its dot segments resolved, as Apache and lighttpd do."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    last = "/" if kept and segments[-1] in ("", ".", "..") else ""
    return f"/{'/'.join(kept)}{last}"


def _merged(path: str) -> str:
    """Return the normalised path. If normalising changes the first segment, the path is not trusted: return ""."""
    normalised = _normalised(path)
    return normalised if normalised.split("/")[:2] == path.split("/")[:2] else ""


def _redirect_url(environ: Environ) -> str:
    """Return the path before Apache rewrote it, decoded and normalised; "" on other servers or without a rewrite."""
    return environ.get("REDIRECT_REDIRECT_URL") or environ.get("REDIRECT_URL") or ""


def _requested_path(environ: Environ) -> str:
    """Return the path that the client requested, decoded; "" if the server does not pass it."""
    target: str | None = environ.get("REQUEST_URI")
    if not target:
        return _redirect_url(environ)
    if not target.startswith("/"):  # RFC 9112, 3.2.2: absolute-form
        target = "/" + target.partition("://")[2].partition("/")[2]
    path = target.partition("?")[0]
    if "%" in path:
        from urllib.parse import unquote_to_bytes

        path = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
    return path


class StdinBody:
    """The request body (RFC 3875, 4.2): CONTENT_LENGTH bytes, or all bytes until the end of stdin.

    Apache passes a chunked body without CONTENT_LENGTH, but with HTTP_TRANSFER_ENCODING. Without both variables, the
    body is empty. `more` is True if bytes are left to read.
    """

    def __init__(self, environ: Environ, stdin: int) -> None:
        """Raises BadRequest for a CONTENT_LENGTH that is not a number."""
        self.stdin = stdin
        self._missing: int | None = 0
        length = environ.get("CONTENT_LENGTH")
        if length:
            self._missing = content_length((length,))
        elif environ.get("HTTP_TRANSFER_ENCODING"):
            self._missing = None
        self.more = self._missing != 0

    @property
    def length(self) -> int | None:
        """Return the number of bytes left to read; None if the body has no length and ends with the input."""
        return self._missing

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes as soon as any arrive; b"" at the end of the body.

        Raises ClientDisconnected if the body ends early.
        """
        if not self.more:
            return b""
        try:
            block = os.read(self.stdin, size if self._missing is None else min(size, self._missing))
        except ConnectionError as error:
            raise ClientDisconnected(str(error)) from error
        if self._missing is None:
            self.more = bool(block)
        elif block:
            self._missing -= len(block)
            self.more = self._missing > 0
        else:
            raise ClientDisconnected(f"the body ended {self._missing} bytes before its Content-Length")
        return block

    @property
    def must_be_read(self) -> bool:
        """True if closing stdin now would lose the response. On mod_cgid, stdin and stdout are one socket."""
        return self.more and stat.S_ISSOCK(os.fstat(self.stdin).st_mode)

    def close(self) -> None:
        """Stop reading the body."""
        self.more = False
        os.close(self.stdin)


def is_stream(fd: int) -> bool:
    """Return True if a loop can wait for this descriptor. A loop cannot wait for a file or /dev/null."""
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
