"""The client of a trace: one HTTP request, or one WebSocket, over one connection.

Knows http.client and websockets. What comes back is seen at the tap; here it is only read, to its end.
"""

import contextlib
import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

REPLY = 1.0
"""Seconds to wait for what a WebSocket says to a text."""

QUIET = 0.1
"""Seconds without a further message after which it has said what it had to say."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `target` is path and query, in ASCII. With `texts` it is a WebSocket, which sends those."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    texts: tuple[str, ...] = ()


def ask(address: tuple[str, int], request: Request, seconds: float) -> str | None:
    """Make the request and read the response. None, or what went wrong, in one line."""
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
    connection = http.client.HTTPConnection(*address, timeout=seconds)
    try:
        given = {name.lower() for name, _ in request.headers}
        connection.putrequest(request.method, request.target, skip_host="host" in given, skip_accept_encoding=True)
        if request.body is not None and not given & {"content-length", "transfer-encoding"}:
            connection.putheader("Content-Length", str(len(request.body)))
        if request.body is not None and "content-type" not in given:
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        for name, value in (*(() if "accept" in given else (("Accept", "*/*"),)), *request.headers):
            connection.putheader(name, value)
        connection.endheaders(request.body)
        response = connection.getresponse()
        while response.read1(65536):
            pass
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
    finally:
        connection.close()


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
        compression=None,  # so that what crosses the socket can be read
        open_timeout=seconds,
        close_timeout=1,
    ) as socket:
        for text in request.texts:
            socket.send(text)
            with contextlib.suppress(TimeoutError, ConnectionClosedOK):  # the app may end the conversation
                socket.recv(timeout=REPLY)
                while True:
                    socket.recv(timeout=QUIET)
