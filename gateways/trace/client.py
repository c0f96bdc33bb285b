"""The client of a trace. It sends one HTTP request, or opens one WebSocket, over one connection.

Knows http.client and websockets. The tap records the response; this module only reads it to its end.
"""

import contextlib
import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateways.requests.request import Request as Recorded
from gateways.requests.session import Session

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

REPLY = 1.0
"""Timeout for the first message after a text was sent to a WebSocket, in seconds."""

QUIET = 0.1
"""Time without a further message, in seconds, after which the reply counts as complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `target` is path and query, in ASCII. With `texts`, it opens a WebSocket and sends them."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    texts: tuple[str, ...] = ()


def of_recorded(recorded: Recorded, texts: tuple[str, ...] = ()) -> Request:
    """Return the request to send; with `texts`, the WebSocket handshake."""
    return Request(recorded.method, recorded.target, recorded.headers, recorded.body, texts)


def answered(address: tuple[str, int], session: Session, recorded: Recorded, seconds: float) -> None:
    """Send a request before the traced request, and store the cookies and values of its response in the session.

    Raises: OSError, http.client.HTTPException: no complete response. gateways.requests.values.Missing: the response
    lacks a value that the request takes.
    """
    request = of_recorded(session.prepared(recorded))
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=seconds)) as connection:
        response = _sent(connection, request)
        session.learn(recorded, response.status, tuple(response.getheaders()), response.read())


def ask(address: tuple[str, int], request: Request, seconds: float) -> str | None:
    """Send the request and read the response. Return None, or the problem in one line."""
    try:
        if request.texts:
            _talk(address, request, seconds)
        else:
            _ask(address, request, seconds)
    except TimeoutError:
        return f"no complete response within {seconds:g} seconds"
    except http.client.IncompleteRead:
        return "the connection ended in the middle of the response"
    except (OSError, http.client.HTTPException, EOFError) as error:
        return str(error) or type(error).__name__
    return None


def _ask(address: tuple[str, int], request: Request, seconds: float) -> None:
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=seconds)) as connection:
        response = _sent(connection, request)
        while response.read1(65536):
            pass
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)


def _sent(connection: http.client.HTTPConnection, request: Request) -> http.client.HTTPResponse:
    """Send the request; return the response after its headers."""
    given = {name.lower() for name, _ in request.headers}
    connection.putrequest(request.method, request.target, skip_host="host" in given, skip_accept_encoding=True)
    if request.body is not None and not given & {"content-length", "transfer-encoding"}:
        connection.putheader("Content-Length", str(len(request.body)))
    if request.body is not None and "content-type" not in given:
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    for name, value in (*(() if "accept" in given else (("Accept", "*/*"),)), *request.headers):
        connection.putheader(name, value)
    connection.endheaders(request.body)
    return connection.getresponse()


def _talk(address: tuple[str, int], request: Request, seconds: float) -> None:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    try:
        _say(connect, address, request, seconds)
    except WebSocketException as error:
        raise http.client.HTTPException(str(error) or type(error).__name__) from error


def _say(
    connect: "Callable[..., ClientConnection]", address: tuple[str, int], request: Request, seconds: float
) -> None:
    from websockets.exceptions import ConnectionClosedOK

    host, port = address
    with connect(
        f"ws://{host}:{port}{request.target}",
        additional_headers=request.headers,
        compression=None,  # the recorded bytes must be readable
        open_timeout=seconds,
        close_timeout=1,
    ) as socket:
        for text in request.texts:
            socket.send(text)
            with contextlib.suppress(TimeoutError, ConnectionClosedOK):  # the app may end the conversation
                socket.recv(timeout=REPLY)
                while True:
                    socket.recv(timeout=QUIET)
