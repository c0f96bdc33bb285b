"""The exceptions that several packages share: a client's disconnect, an application's error, a client's error.

Pure. It imports almost nothing, because CGI programs raise these exceptions too, and must start fast.
"""

import errno


class ClientDisconnected(OSError):
    """The client has disconnected, or the server has closed the connection. No more data can be read or written.

    Its errno is ECONNRESET. Servers know this errno, and do not report it as an error of the server.
    """

    def __init__(self, text: str = "the client has disconnected") -> None:
        super().__init__(errno.ECONNRESET, text)

    def __str__(self) -> str:
        return str(self.strerror)

    def __reduce__(self) -> tuple[type["ClientDisconnected"], tuple[str]]:
        return type(self), (str(self),)


class AppProtocolError(AssertionError):
    """The application violated its interface. The message contains the wrong value, the rule and a correct value."""


class BadRequest(Exception):
    """The request is invalid, and gets a response with `status`. The message contains the wrong value and the rule."""

    status = 400


def harmless(error: BaseException) -> Exception:
    """Return the error in a form that does not terminate the thread, loop or coroutine that receives it."""
    if isinstance(error, Exception) and not isinstance(error, (StopIteration, StopAsyncIteration)):
        return error
    try:
        text = repr(error)
    except Exception:
        text = type(error).__name__
    wrapped = RuntimeError(f"the application raised {text}")
    wrapped.__cause__ = error
    return wrapped
