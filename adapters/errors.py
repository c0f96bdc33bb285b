"""The exceptions that cross rooms: a lost client, an application's fault, a client's fault.

Pure: imports almost nothing, so that a CGI program that raises one does not pay for an event loop.
"""

import errno


class ClientDisconnected(OSError):
    """The client has disconnected, or the server has on its behalf: nothing more can be read or written.

    Its errno is ECONNRESET, which servers know: a disconnect is no error of theirs.
    """

    def __init__(self, text: str = "the client has left") -> None:
        super().__init__(errno.ECONNRESET, text)

    def __str__(self) -> str:
        return str(self.strerror)

    def __reduce__(self) -> tuple[type["ClientDisconnected"], tuple[str]]:
        return type(self), (str(self),)


class AppProtocolError(AssertionError):
    """The application broke its side of the interface. The text says what was got, what is wanted, and a remedy."""


class BadRequest(Exception):
    """The request cannot be passed on faithfully: answer with `status`. The text says what was got and wanted."""

    status = 400
