"""Why a host ends a program before it has ended by itself: the reasons, their words, and their level in the log.

Pure: knows exceptions and words. It must not know processes, nor when a program is ended.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import AppProtocolError, ClientDisconnected

DEBUG, INFO, WARNING = 10, 20, 30  # logging's numbers


class Kill(NamedTuple):
    """One reason. `name` is what it is counted by; `level` is its level in the log."""

    name: str
    text: str
    level: int = WARNING


DISCONNECTED = Kill("disconnected", "the client has disconnected", INFO)
CANCELLED = Kill("cancelled", "the server cancelled the request or closed its response early", INFO)
CLOSED = Kill("closed", "its host was closed", INFO)
OVERTIME = Kill("overtime", "its response was over, and the time to work on after it was up")
UNNEEDED = Kill("unneeded", "it is not needed any more", DEBUG)


def reason(error: BaseException | None) -> Kill:
    """Return why a program is ended whose request ended with `error`. None: the server closed the response early."""
    if isinstance(error, ClientDisconnected):
        return DISCONNECTED
    if isinstance(error, TimeoutError):
        return Kill("timeout", str(error))
    if isinstance(error, AppProtocolError):
        return Kill("bad_response", str(error))
    if isinstance(error, Exception):
        return Kill("error", f"its request failed with {error!r}")
    return CANCELLED
