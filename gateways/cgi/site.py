"""Serve a folder as `python -m http.server --cgi` did: its files, and the CGI programs in folders such as /cgi-bin/.

Knows which paths are programs. It must not know how to send a file or run a program.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways import adapters
from gateways.adapters import WSGIToASGI
from gateways.adapters.run_cgi.script import Refused, cut, resolved
from gateways.cgi.files import PROGRAMS, Files

Message = MutableMapping[str, Any]


class _Site:
    """The folder, with a CGI host for each of its folders of programs. A host is created on the first request."""

    def __init__(
        self, folder: str | os.PathLike[str], adapter: str, cgi_dirs: Iterable[str], options: dict[str, Any]
    ) -> None:
        # If two folders contain a path, the folder with the longer name is used.
        names = sorted(set(map(_name, cgi_dirs)), key=len, reverse=True)
        self.files = Files(folder, [name for name in names if name], options.get("follow_symlinks", False))
        self._names = names
        self._folder = Path(folder).resolve()
        self._make = getattr(adapters, adapter)
        self._options = {**options, "env": {"DOCUMENT_ROOT": str(self._folder), **(options.get("env") or {})}}
        self._hosts: dict[str, Any] = {}

    def host(self, path: bytes) -> Any:
        """Return the CGI host for a decoded path; None if the path names a file."""
        try:
            path = resolved(path)
        except Refused:
            return None  # self.files also refuses an invalid path
        for name in self._names:
            if cut(path, os.fsencode(f"/{name}" if name else "")) is None:
                continue
            if (host := self._host(name)) is not None and (name or _is_program(host, path)):
                return host
        return None

    def _host(self, name: str) -> Any:
        if name not in self._hosts:
            folder = self._folder / name
            if not folder.is_dir():
                return None
            host = self._hosts[name] = self._make(folder, prefix=f"/{name}", **self._options)
            host.elsewhere = self  # serves a local redirect out of the folder (RFC 3875, 6.2.2)
        return self._hosts[name]

    def close(self) -> None:
        """Terminate all running programs."""
        for host in self._hosts.values():
            host.close()


def _name(path: str) -> str:
    """Return a folder of programs below the site, without slashes at its ends. Raises ValueError."""
    segments = [each for each in path.split("/") if each]
    if {".", ".."} & {*segments}:
        raise ValueError(
            f"the folder of CGI programs {path!r} has a '.' or '..'; give a path below the site, e.g. '/bin'"
        )
    return "/".join(segments)


def _is_program(host: Any, path: bytes) -> bool:
    """Return True if the path is a program, in a site where programs may be in any folder."""
    try:
        host.find({"PATH_INFO": path.decode("latin-1")})
    except Refused:
        return False
    return True


class WSGISite(_Site):
    """The site as a WSGI application."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        app = self.host(environ.get("PATH_INFO", "").encode("latin-1", "replace")) or self.files
        answer: Iterable[bytes] = app(environ, start_response)
        return answer


class ASGISite(_Site):
    """The site as an ASGI 3 application."""

    def __init__(
        self, folder: str | os.PathLike[str], adapter: str, cgi_dirs: Iterable[str], options: dict[str, Any]
    ) -> None:
        super().__init__(folder, adapter, cgi_dirs, options)
        self._asgi_files = WSGIToASGI(self.files, threads=8)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one ASGI scope. A `lifespan` shutdown terminates all programs. A `websocket` is refused."""
        if scope["type"] == "http":
            path, root = scope["path"], scope.get("root_path", "").rstrip("/")
            below = path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path
            await (self.host(below.encode("utf-8", "replace")) or self._asgi_files)(scope, receive, send)
            return
        if scope["type"] != "lifespan":
            await self._asgi_files(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})


def site(
    folder: str | os.PathLike[str], adapter: str = "CGIToASGI", *, cgi_dirs: Iterable[str] = PROGRAMS, **options: Any
) -> WSGISite | ASGISite:
    """Return the folder as an application of the interface that `adapter` produces.

    cgi_dirs: paths whose executable files are programs, e.g. ["/cgi-bin", "/shop/scripts"]. "/" is the whole folder:
    executable files are run, and all other files are sent. options: options of the adapter.

    Raises FileNotFoundError if the folder does not exist.
    """
    return (WSGISite if adapter == "CGIToWSGI" else ASGISite)(folder, adapter, cgi_dirs, options)
