"""Mount an app below a path (--root-path) in the same way for all servers. Knows environs and scopes.

A reverse proxy may forward the full path, or strip the root path from it. Both work: a path that does not start with
the root path counts as stripped.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gateways.adapters.asgi_types import ASGIApp, Receive, Scope, Send
from gateways.serving.server import App, Mode


def rooted(app: App, mode: Mode, root_path: str) -> App:
    """Return the app for a server of `mode`, mounted at `root_path` ("/shop", no trailing "/")."""
    if not root_path:
        return app
    around: Callable[[Any, str], App] = _wsgi if mode == "wsgi" else _asgi  # a CGI host is called as an ASGI app
    return around(app, root_path)


def _is_below(path: Any, root: Any, slash: Any) -> bool:
    return bool(path == root or path.startswith(root + slash))


def _wsgi(app: WSGIApplication, root_path: str) -> WSGIApplication:
    """Mount a WSGI app. PEP 3333: SCRIPT_NAME and PATH_INFO together are the path, as bytes decoded as latin-1."""
    root = root_path.encode().decode("latin-1")

    def below(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = root
        if _is_below(path, root, "/"):
            environ["PATH_INFO"] = path[len(root) :]
        return app(environ, start_response)

    return below


def _asgi(app: ASGIApp, root_path: str) -> ASGIApp:
    """Mount an ASGI app. ASGI's HTTP specification: the path includes the root path."""
    raw_root = quote(root_path).encode()

    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        path, raw = scope["path"], scope.get("raw_path")
        scope = {**scope, "root_path": root_path}
        if not _is_below(path, root_path, "/"):
            scope["path"] = root_path + path
            if raw is not None:
                scope["raw_path"] = raw_root + raw
        await app(scope, receive, send)

    return below
