"""Ways to send requests to a CGI host: in process through ASGI or WSGI, or to a server through a socket.

Knows requests and responses. It must not know the programs.
"""

import asyncio
import http.client
import io
import json
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI
from gateways.adapters.run_cgi.host import CGIHost
from tests.real.serving import eventually

Headers = Sequence[tuple[str, str]]


@dataclass
class Response:
    """A response. `complete` is True if its end looks regular."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = True
    reason: str = ""

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def __getitem__(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


@dataclass
class Request:
    """A request; `chunks` is a body without a length."""

    target: str
    method: str = "GET"
    headers: Headers = ()
    body: bytes | None = None
    chunks: Sequence[bytes] | None = None
    version: str = "1.1"
    at_first: Callable[[], object] = bool  # called when the first part of the body has arrived

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        """The given headers, and Content-Length or Transfer-Encoding for the body."""
        framing = []
        if self.chunks is not None:
            framing = [("Transfer-Encoding", "chunked")]
        elif self.body is not None and not any(name.lower() == "content-length" for name, _ in self.headers):
            framing = [("Content-Length", str(len(self.body)))]
        return [*self.headers, *framing]


class Asker(ABC):
    """A host that responds to requests with the programs of a folder."""

    def __call__(self, target: str, method: str = "GET", **details: Any) -> Response:
        """Request `target`; see Request for the details."""
        return self.exchange(Request(target, method, **details))

    def report(self, target: str = "/report.py", method: str = "GET", **details: Any) -> Any:
        """Return the report of report.py for this request."""
        response = self(target, method, **details)
        assert response.status == 200, response
        return json.loads(response.body)

    def environ(self, target: str = "/report.py", method: str = "GET", **details: Any) -> dict[str, str]:
        """Return the environment that report.py got, as octets in latin-1."""
        environ: dict[str, str] = self.report(target, method, **details)["environ"]
        return environ

    @abstractmethod
    def exchange(self, request: Request) -> Response:
        """Make one request."""

    @abstractmethod
    def leave(self, request: Request, when: Callable[[], object]) -> None:
        """Make one request, and disconnect when `when()` is true."""


class InASGI(Asker):
    """A CGIToASGI, with a new loop for each request."""

    def __init__(self, host: CGIToASGI, run: Callable[..., Any] = asyncio.run) -> None:
        self.host: CGIHost = host
        self._app = host
        self._run = run  # a coroutine, on a new loop

    def exchange(self, request: Request) -> Response:
        response: Response = self._run(self._exchange(request))
        return response

    def leave(self, request: Request, when: Callable[[], object]) -> None:
        self._run(self._leave(request, when))

    async def _leave(self, request: Request, when: Callable[[], object]) -> None:
        left = asyncio.Event()
        exchange = asyncio.create_task(self._exchange(request, left))
        await asyncio.to_thread(eventually, lambda: when() or exchange.done(), "the moment for the client to leave")
        left.set()
        await exchange

    async def _exchange(self, request: Request, left: asyncio.Event | None = None) -> Response:
        blocks = list(request.chunks) if request.chunks is not None else [request.body or b""]
        unfinished = request.chunks is None and _promised(request) > len(blocks[0])
        response = Response(0, complete=False)

        async def receive() -> dict[str, Any]:
            if blocks:
                block = blocks.pop(0)
                return {"type": "http.request", "body": block, "more_body": bool(blocks) or unfinished}
            await (left or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                assert not response.status
                response.status = message["status"]
                response.headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message["headers"]]
                assert all(name == name.lower() for name, _ in response.headers)
            else:
                if message.get("body") and not response.body:
                    request.at_first()
                response.body += message.get("body", b"")
                response.complete = not message.get("more_body", False)

        await _finished(self._app(self._scope(request), receive, send), response)
        return response

    @staticmethod
    def _scope(request: Request) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in _with_host(request)],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }


async def _finished(run: Awaitable[None], response: Response) -> None:
    """Return the response as a client sees it: if the application raises after the headers, a server cuts it off."""
    try:
        await run
    except Exception:
        if not response.status:
            raise
        response.complete = False


def _promised(request: Request) -> int:
    return int(dict(request.all_headers).get("Content-Length", 0))


class InWSGI(Asker):
    """A CGIToWSGI."""

    def __init__(self, host: CGIToWSGI) -> None:
        self.host: CGIHost = host
        self._app: Callable[..., Iterable[bytes]] = host

    def exchange(self, request: Request) -> Response:
        return self._respond(self._environ(request), request.at_first)

    def leave(self, request: Request, when: Callable[[], object]) -> None:
        """Make one request on a server that exposes its socket; close the other end when `when()` is true."""
        environ = self._environ(request)
        client, environ["gunicorn.socket"] = socket.socketpair()
        thread = threading.Thread(target=self._respond, args=(environ, request.at_first))
        thread.start()
        eventually(lambda: when() or not thread.is_alive(), "the moment for the client to leave")
        client.close()
        thread.join(10)
        assert not thread.is_alive()
        environ["gunicorn.socket"].close()

    @staticmethod
    def _environ(request: Request) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        body = b"".join(request.chunks) if request.chunks is not None else request.body or b""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": request.target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": f"HTTP/{request.version}",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in _with_host(request):
            _add(environ, name, value)
        if request.chunks is not None:
            environ["wsgi.input_terminated"] = True
        return environ

    def _respond(self, environ: dict[str, Any], at_first: Callable[[], object] = bool) -> Response:
        response = Response(0)

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., Any]:
            response.status, response.reason, response.headers = int(status[:3]), status[4:], headers
            return response.body.__add__

        blocks = self._app(environ, start_response)
        try:
            for number, block in enumerate(blocks):
                assert block or not number, "PEP 3333: only the first block may be empty, to send the headers"
                if block and not response.body:
                    at_first()
                response.body += block
        except Exception:
            response.complete = False
        finally:
            if hasattr(blocks, "close"):
                blocks.close()
        return response


def _add(environ: dict[str, Any], name: str, value: str) -> None:
    """Add a header as servers do: names with "_" are dropped, repeated ones joined."""
    key = name.upper().replace("-", "_")
    if "_" in name:
        return
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if key in environ:
        value = environ[key] + ("; " if key == "HTTP_COOKIE" else ", ") + value
    environ[key] = value


def _with_host(request: Request) -> Headers:
    headers = request.all_headers
    if any(name.lower() == "host" for name, _ in headers):
        return headers
    return [("Host", "127.0.0.1:8000"), *headers]


class _Connection(http.client.HTTPConnection):
    """A client that sends any target and any version."""

    def speak(self, version: str) -> None:
        self._http_vsn, self._http_vsn_str = int(version.replace(".", "")), f"HTTP/{version}"

    def _validate_path(self, url: str) -> None:
        pass


class OnServer(Asker):
    """A listening server, used through http.client."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port

    def exchange(self, request: Request) -> Response:
        connection = _Connection(*self.address, timeout=20)
        connection.speak(request.version)
        try:
            has_host = any(name.lower() == "host" for name, _ in request.headers)
            connection.putrequest(request.method, request.target, skip_host=has_host, skip_accept_encoding=True)
            for name, value in request.all_headers:
                connection.putheader(name, value.encode("latin-1"))
            body = iter(request.chunks) if request.chunks is not None else request.body
            connection.endheaders(body, encode_chunked=request.chunks is not None)
            return self._read(connection.getresponse(), request.at_first)
        finally:
            connection.close()

    def leave(self, request: Request, when: Callable[[], object]) -> None:
        fields = [("Host", f"{self.address[0]}:{self.address[1]}"), *request.all_headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(
                f"{request.method} {request.target} HTTP/{request.version}\r\n{head}\r\n".encode("latin-1")
            )
            connection.sendall(request.body or b"")
            eventually(when, "the moment for the client to leave")

    @staticmethod
    def _read(answer: http.client.HTTPResponse, at_first: Callable[[], object]) -> Response:
        response = Response(answer.status, answer.getheaders(), reason=answer.reason)
        try:
            while block := answer.read1(65536):
                if not response.body:
                    at_first()
                response.body += block
        except (http.client.IncompleteRead, ConnectionError):
            response.complete = False
        if answer.length:  # missing bytes of the Content-Length
            response.complete = False
        return response
