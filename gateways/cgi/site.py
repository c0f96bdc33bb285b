"""A folder as `python -m http.server --cgi` served it: its files, and the CGI programs below /cgi-bin/ and /htbin/.

Knows which path belongs to which of them. What a file is, and how a program is run, it must not know.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from gateways import adapters
from gateways.adapters import WSGIToASGI
from gateways.cgi.files import PROGRAMS, Files

Message = MutableMapping[str, Any]


class _Site:
    """The folder, and a host for each of its folders of programs, made when there is one."""

    def __init__(self, folder: str | os.PathLike[str], adapter: str, options: dict[str, Any]) -> None:
        self.files = Files(folder)
        self._folder = Path(folder).resolve()
        self._make = getattr(adapters, adapter)
        self._options = {**options, "env": {"DOCUMENT_ROOT": str(self._folder), **(options.get("env") or {})}}
        self._hosts: dict[str, Any] = {}

    def host(self, path: str) -> Any:
        """The CGI host that a path is for, None where it is for a file."""
        name = path.lstrip("/").partition("/")[0]
        if name not in PROGRAMS:
            return None
        if name not in self._hosts:
            folder = self._folder / name
            if not folder.is_dir():
                return None
            self._hosts[name] = self._make(folder, prefix=f"/{name}", **self._options)
        return self._hosts[name]

    def close(self) -> None:
        """End every program that runs."""
        for host in self._hosts.values():
            host.close()


class WSGISite(_Site):
    """The site as a WSGI application."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        app = self.host(environ.get("PATH_INFO", "")) or self.files
        answer: Iterable[bytes] = app(environ, start_response)
        return answer


class ASGISite(_Site):
    """The site as an ASGI 3 application."""

    def __init__(self, folder: str | os.PathLike[str], adapter: str, options: dict[str, Any]) -> None:
        super().__init__(folder, adapter, options)
        self._asgi_files = WSGIToASGI(self.files, threads=8)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one ASGI scope: `http`; `lifespan`, at whose end all programs end; `websocket`, which is refused."""
        if scope["type"] == "http":
            path, root = scope["path"], scope.get("root_path", "").rstrip("/")
            below = path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path
            await (self.host(below) or self._asgi_files)(scope, receive, send)
            return
        if scope["type"] != "lifespan":
            await self._asgi_files(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})


def site(folder: str | os.PathLike[str], adapter: str = "CGIToASGI", **options: Any) -> WSGISite | ASGISite:
    """The folder as an application of the interface that `adapter` goes to; `options` are those of the adapter.

    Raises FileNotFoundError where there is no such folder.
    """
    return (WSGISite if adapter == "CGIToWSGI" else ASGISite)(folder, adapter, options)
