"""Observe an ASGI app: its scope, the messages it receives and sends, and its end. It must not know CGI or WSGI.

The app's behaviour does not change, because each step calls the server directly, and only records a tuple.
"""

from itertools import count
from threading import get_ident
from time import perf_counter
from typing import Any

from gateways.events.access import ASGIApp, Message, Receive, Scope, Send, access_log
from gateways.events.events import Record, raised

__all__ = ["access_log", "watch"]


def watch(app: ASGIApp, record: Record) -> ASGIApp:
    """Return the app in a wrapper that records each step of a request, WebSocket or lifespan."""
    exchanges = count(1)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = next(exchanges)

        def note(kind: str, data: Any) -> None:
            record((perf_counter(), get_ident(), exchange, kind, data))

        async def noted_receive() -> Message:
            message = await receive()
            note("receive", dict(message))
            return message

        async def noted_send(message: Message) -> None:
            # The message is not copied: the server rejects a message that is not a dict, and the app never changes it.
            note("send", message)
            await send(message)

        note("scope", {**scope, "state": dict(scope["state"])} if "state" in scope else dict(scope))
        try:
            await app(scope, noted_receive, noted_send)
        except BaseException as error:
            note("raised", raised(error))
            raise
        else:
            note("returned", None)
        finally:
            note("end", None)

    return watched
