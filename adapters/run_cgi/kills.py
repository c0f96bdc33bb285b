"""The reasons for which a host terminates programs, with names, texts and log levels; and texts for other exits.

Pure: knows exceptions and exit statuses. It must not know processes, or when a program is terminated.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import AppProtocolError, ClientDisconnected

DEBUG, INFO, WARNING = 10, 20, 30  # the levels of the module logging


class Kill(NamedTuple):
    """One reason. `name` is the key of its counter. `text` and `level` are for the log."""

    name: str
    text: str
    level: int = WARNING


DISCONNECTED = Kill("disconnected", "the client has disconnected", INFO)
CANCELLED = Kill("cancelled", "the server cancelled the request or closed its response early", INFO)
CLOSED = Kill("closed", "the CGI host was closed", INFO)
OVERTIME = Kill("overtime", "the response had ended, and the total timeout of the program had expired")
UNNEEDED = Kill("unneeded", "the program is no longer needed", DEBUG)


def reason(error: BaseException | None) -> Kill:
    """Return the reason for terminating a program whose request has failed.

    error: the request's exception; None if the server has ended the request.
    """
    if isinstance(error, ClientDisconnected):
        return DISCONNECTED
    if isinstance(error, TimeoutError):
        return Kill("timeout", str(error))
    if isinstance(error, AppProtocolError):
        return Kill("bad_response", str(error))
    if isinstance(error, Exception):
        return Kill("error", f"the request failed with {error!r}")
    return CANCELLED


def ending(returncode: int) -> str:
    """Return a text that describes how a program exited."""
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with exit status {returncode}"
