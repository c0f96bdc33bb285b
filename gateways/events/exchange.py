"""Summarise an exchange: its request, status, bytes and duration. Pure: it converts events to text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateways.events.events import Event, size
from gateways.events.printable import octets, printable, target


@dataclass(slots=True)
class Exchange:
    """The events so far of one request, WebSocket or lifespan. `began`: time of the first event, in seconds."""

    number: int
    began: float
    heading: str
    status: str = ""
    size: int = 0
    length: int = 0
    error: str = ""
    seconds: float = 0.0
    programs: int = 0
    ended: bool = False

    @property
    def over(self) -> bool:
        """True if no further event can follow. This may be later than the response, e.g. for a CGI program."""
        return self.ended and not self.programs

    @property
    def good(self) -> bool:
        """False if the app raised an error, or if the status is 4xx or 5xx."""
        return not self.error and self.status[:1] not in ("4", "5")

    def add(self, event: Event) -> None:
        """Add an event."""
        when, _, _, kind, data = event
        if kind in ("block", "write", "body"):
            self.size += size(data)
        elif kind == "send" and isinstance(data, dict):
            self.size += size(data.get("body"))
            self.status = str(data.get("status") or _SENT.get(data.get("type", ""), self.status))
        elif kind in ("start_response", "answer"):
            self.status = printable(str(data[0]))[:3]
            self.length = content_length(data[1])
        elif kind == "file":
            self.size = self.length
        elif kind == "raised":
            self.error = printable(str(data))
        elif kind == "end":
            self.ended = True
            self.seconds = when - self.began
        else:
            self.programs += {"process": 1, "exit": -1}.get(kind, 0)

    def summary(self) -> str:
        """Return the finished exchange as one line: "200 · 12 bytes · 0.61 ms"."""
        took = milliseconds(self.seconds)
        if self.error:
            return f"{self.status or 'no status'} · {self.size:,} bytes · {took} · {self.error}"
        return f"{self.status} · {self.size:,} bytes · {took}" if self.status else f"over · {took}"


_SENT = {"websocket.accept": "101", "websocket.close": "closed"}


def begin(number: int, event: Event) -> Exchange:
    """Return the exchange that starts with this event: a scope, an environ or a request."""
    when, _, _, kind, data = event
    return Exchange(number, when, BEGINNINGS[kind](data))


def access_line(mode: str, data: tuple[Any, ...]) -> str:
    """Return the line of a request whose steps were not recorded: "ASGI  200  GET /hello?name=you  12 bytes  0.45 ms".

    If the response has a fault, the line ends with the fault: "client left" or "raised ValueError". The status is "---"
    if the app sent no status.
    """
    method, path, query, status, length, seconds, flaw, *_ = data
    request = f"{printable(method)} {target(path, query)}"
    line = f"{mode.upper():<5} {printable(str(status or '---'))}  {request}  {length:,} bytes  {milliseconds(seconds)}"
    return f"{line}  {printable(flaw)}" if flaw else line


def milliseconds(seconds: float) -> str:
    """Format seconds: "0.61 ms"."""
    return f"{seconds * 1000:.2f} ms"


def content_length(headers: Any) -> int:
    """Return the Content-Length of a response; 0 if it has no such header."""
    for name, value in headers if isinstance(headers, list) else ():
        if isinstance(name, str) and name.lower() == "content-length" and value.isdigit():
            return int(value)
    return 0


def _of_scope(scope: dict[str, Any]) -> str:
    kind = str(scope["type"])
    if "path" not in scope:
        return kind
    path, query = scope.get("raw_path") or scope["path"], scope.get("query_string", b"")
    if kind == "websocket":
        return f"WebSocket {target(path, query)}"
    return _of_request((scope["method"], path, query, scope.get("http_version")))


def _of_environ(environ: dict[str, Any]) -> str:
    path = octets(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    protocol = environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/")
    return _of_request((environ["REQUEST_METHOD"], path, octets(environ.get("QUERY_STRING", "")), protocol))


def _of_request(data: tuple[str, str | bytes, bytes, Any]) -> str:
    method, path, query, version = data
    return f"{printable(method)} {target(path, query)} HTTP/{printable(str(version))}"


BEGINNINGS: dict[str, Callable[[Any], str]] = {"scope": _of_scope, "environ": _of_environ, "request": _of_request}
"""For each kind of event that starts an exchange, the function that returns the heading."""
