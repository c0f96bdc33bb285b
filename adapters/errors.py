"""ClientDisconnected, in a module of its own: a CGI program that raises it does not pay for an event loop."""

import errno


class ClientDisconnected(OSError):
    """The client has gone, or the server on its behalf: there is no more to read, and nobody to write to.

    Its errno is ECONNRESET, which servers know: a client that left is no error of theirs.
    """

    def __init__(self, text: str = "the client has left") -> None:
        super().__init__(errno.ECONNRESET, text)

    def __str__(self) -> str:
        return str(self.strerror)

    def __reduce__(self) -> tuple[type["ClientDisconnected"], tuple[str]]:
        return type(self), (str(self),)
