"""An exchange counted up: which request, what status, how many bytes, how long. Pure: events in, text out."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gateways.trace.events import Event, size


@dataclass(slots=True)
class Exchange:
    """One request, WebSocket or lifespan, as far as it has come. `began` is the time of its first event, in seconds."""

    number: int
    began: float
    heading: str
    status: str = ""
    size: int = 0
    error: str = ""

    def add(self, event: Event) -> None:
        """Count the event in."""
        _, _, _, kind, data = event
        if kind in ("block", "write", "body"):
            self.size += size(data)
        elif kind == "start_response":
            self.status = str(data[0])[:3]
        elif kind == "send" and isinstance(data, dict):
            self.size += size(data.get("body"))
            self.status = str(data.get("status") or _SENT.get(data.get("type", ""), self.status))
        elif kind == "raised":
            self.error = str(data)

    def summary(self, now: float) -> str:
        """The exchange in one line, at its end: "200 · 12 bytes · 0.61 ms"."""
        took = milliseconds(now - self.began)
        if self.error:
            return f"{self.status or 'no head'} · {self.size:,} bytes · {took} · {self.error}"
        return f"{self.status} · {self.size:,} bytes · {took}" if self.status else f"over · {took}"


_SENT = {"websocket.accept": "101", "websocket.close": "closed"}


def begin(number: int, event: Event) -> Exchange:
    """The exchange that starts with this event: a scope, an environ or an environment."""
    when, _, _, kind, data = event
    heading = _heading_of_scope(data) if kind == "scope" else _heading_of_environ(data)
    return Exchange(number, when, heading)


def access_line(mode: str, data: tuple[Any, ...]) -> str:
    """The one line of a request that was not watched: "ASGI  200  GET /hello?name=you  12 bytes  0.45 ms"."""
    method, path, query, status, size, seconds = data
    asked = f"{_printable(method)} {target(path, query)}"
    return f"{mode.upper():<5} {status or '---'}  {asked}  {size:,} bytes  {milliseconds(seconds)}"


def milliseconds(seconds: float) -> str:
    """Seconds as people read them: "0.61 ms"."""
    return f"{seconds * 1000:.2f} ms"


def target(path: str | bytes, query: str | bytes) -> str:
    """What the client asked for, fit for a terminal: all but printable ASCII is %-quoted."""
    text = quote(path, safe="/%~!$&'()*+,;=:@")
    return f"{text}?{quote(query, safe=_QUERY)}" if query else text


_QUERY = "/%~!$&'()*+,;=:@?[]"


def _heading_of_scope(scope: dict[str, Any]) -> str:
    kind = str(scope.get("type"))
    if "path" not in scope:
        return kind
    asked = target(scope.get("raw_path") or scope["path"], scope.get("query_string", b""))
    if kind == "websocket":
        return f"WebSocket {asked}"
    return f"{_printable(scope.get('method'))} {asked} HTTP/{scope.get('http_version')}"


def _heading_of_environ(environ: dict[str, Any]) -> str:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    asked = target(path.encode("latin-1", "replace"), environ.get("QUERY_STRING", ""))
    return f"{_printable(environ.get('REQUEST_METHOD'))} {asked} {_printable(environ.get('SERVER_PROTOCOL'))}"


def _printable(value: Any) -> str:
    return str(value).encode("ascii", "backslashreplace").decode() if str(value).isprintable() else repr(value)
