"""Serve an error page on the server's socket if the app could not be started.

Knows http.server and threads. Browsers get a page that reloads itself, other clients plain text.
"""

import html
import http.server
import socket
import ssl
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 60rem; padding: 0 1rem; }}
pre {{ background: #8881; border-radius: 6px; overflow-x: auto; padding: 1rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>The app could not be started. The server will try again when a Python file changes. This page reloads by itself.</p>
<pre>{text}</pre>
</body>
</html>
"""


class BrokenPage:
    """Responds to every request on the bound socket `sock` with status 503 and the text `lines`. close() stops this."""

    def __init__(self, sock: socket.socket, target: str, lines: Sequence[str], tls: tuple[str, str] | None) -> None:
        text = "\n".join(lines) or "no output"
        title = f"{target} is not running"
        page = PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
        plain = f"{title}\n\n{text}\n".encode()
        self._server = _Server(sock, page, plain, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="gateways-broken")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop responding. Other descriptors of the socket keep listening, and clients wait for the next server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sock: socket.socket, page: bytes, plain: bytes, tls: tuple[str, str] | None) -> None:
        self.page, self.plain = page, plain
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        sock.listen(128)
        self.socket = sock
        self._context: ssl.SSLContext | None = None
        if tls is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*tls)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the TLS handshake in the connection's thread, because a slow client must not block other clients."""
        request.settimeout(10)
        if self._context is not None:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or do not speak TLS."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        is_browser = "text/html" in self.headers.get("Accept", "")
        body = self.server.page if is_browser else self.server.plain
        self.send_response(503)
        self.send_header("Content-Type", f"text/{'html' if is_browser else 'plain'}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Retry-After", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Print no line for a request."""
