"""The format of an event, which is one step between a server and an app. It is a tuple, because tuples are cheap.

Pure: knows the kinds of events, and how to convert their data to values that can be stored and sent. It must not know
how they are recorded or shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Event = tuple[float, int, int, str, Any]
"""(when, thread, exchange, kind, data).

`when` is time.perf_counter(), in seconds; `thread` is threading.get_ident(); `exchange` numbers the request, WebSocket
or lifespan within its process. The kinds, and their data:

    all      access (method, path, query, status, size, seconds, flaw, client, HTTP version) · raised text · end None
    ASGI     scope dict · receive message · send message · returned None
    WSGI     environ dict · read (method, arguments, bytes) · start_response (status, headers, exc_info given)
             write bytes · returned (type, length or None) · block bytes · close None
             file type: the app returned the server's own wsgi.file_wrapper
    CGI      request (method, path, query, HTTP version) · environment dict · process (pid, program)
             stdin bytes (b"": its end) · stdout bytes (b"": its end) · stderr line · exit code
             answer (status, headers), body bytes: the host's response, from the program's output
"""

Record = Callable[[Event], object]
"""Stores an event without blocking, e.g. list.append or queue.SimpleQueue.put."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that were recorded together: their process, their interface, and the names of their threads."""

    process: int
    interface: str
    threads: dict[int, str]
    events: tuple[Event, ...]


SHOWN = 200
"""Maximum number of bytes of a body, or of characters of a text, that are stored. Other data is stored completely."""


@dataclass(frozen=True, slots=True)
class Body:
    """The beginning of a body, or of a WebSocket text, that is too long to store."""

    length: int
    head: bytes | str


@dataclass(frozen=True, slots=True)
class Opaque:
    """The text for an object that cannot be sent to another process."""

    text: str


def plain(event: Event) -> Event:
    """Return the event with data that can be stored and sent: bodies shortened, objects replaced by text."""
    when, thread, exchange, kind, data = event
    if kind in ("receive", "send") and isinstance(data, dict):
        data = {key: _short(item) if key in ("body", "bytes", "text") else item for key, item in data.items()}
    elif kind == "read":
        method, arguments, octets = data
        data = method, arguments, _short(octets)
    elif kind in ("write", "block", "stdin", "stdout", "body"):
        data = _short(data)
    return when, thread, exchange, kind, _plain(data)


def flaw(error: BaseException) -> str:
    """Return a short text for an error that made a response incomplete: "cancelled", or e.g. "raised ValueError"."""
    name = type(error).__name__
    return "cancelled" if name == "CancelledError" else f"raised {name}"


def raised(error: BaseException) -> str:
    """Return the error and the line that raised it: "ValueError('x') at app.py:12"."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    description = _text(error)
    return description if trace is None else f"{description} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def size(value: Any) -> int:
    """Return the length of bytes or of a shortened body; 0 for None."""
    if isinstance(value, Body):
        return value.length
    return len(value) if isinstance(value, bytes) else 0


def _short(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview, str)) and len(value) > SHOWN:
        head = value[:SHOWN]
        return Body(len(value), head if isinstance(head, str) else bytes(head))
    return value


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, int, float, bool, Body):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    # The dict is copied in one step, because the app may change it in another thread.
    if type(value) is dict:
        return {_key(key): _plain(item) for key, item in value.copy().items()}
    if type(value) in (list, tuple):
        return type(value)(map(_plain, tuple(value)))
    return Opaque(_text(value))


def _key(key: Any) -> Any:
    return key if isinstance(key, (str, bytes)) else _text(key)


def _text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # an app's __repr__ may do anything
        return f"<{type(value).__name__}, whose repr() raised {type(error).__name__}>"
