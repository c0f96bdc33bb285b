"""The response to one request, as received from the socket. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from gateways.requests.request import Headers

Framing = Literal["length", "chunked", "close", "none"]
"""How the end of the body is marked (RFC 9112, 6.3); "none" if the response cannot have a body."""

KEPT = 4 << 20
"""Maximum size of a stored body, in bytes. For a longer body, only its length and digest are stored."""

CLOSED, RESET, REFUSED = (
    "the connection was closed without a response",
    "the connection was reset without a response",
    "the connection was refused",
)
UNANSWERED = "the connection ended without a response"


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a response, without its transfer coding. `octets` is empty if the content is longer than KEPT."""

    octets: bytes
    length: int
    digest: str

    @property
    def is_kept(self) -> bool:
        return len(self.octets) == self.length


def body_of(octets: bytes) -> Body:
    """Return the body with these bytes."""
    digest = hashlib.sha256(octets).hexdigest()
    return Body(octets if len(octets) <= KEPT else b"", len(octets), digest)


NO_BODY = body_of(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, or the reason why there is none.

    status: None if the response headers did not arrive.
    headers, trailers: names and values as they were sent, latin-1, in order.
    interim: status and headers of each 1xx response before the response.
    blocks: for each piece that arrived separately, the seconds since the client began to send the request, and the size
    of its content in bytes. first, total: seconds until the first byte of the response, and until its end.
    excess: number of bytes after the end of the response. keeps_open: True if the server kept the connection open for
    another request. problem: the error, as a sentence, or "".
    """

    status: int | None = None
    reason: str = ""
    version: str = ""
    headers: Headers = ()
    body: Body = NO_BODY
    trailers: Headers = ()
    interim: tuple[tuple[int, Headers], ...] = ()
    framing: Framing = "none"
    blocks: tuple[tuple[float, int], ...] = ()
    first: float = 0.0
    total: float = 0.0
    excess: int = 0
    keeps_open: bool = False
    problem: str = ""

    @property
    def failure(self) -> str:
        """The problem, without the details that depend on timing.

        When a server exits, chance decides whether the client sees a closed, a reset or a refused connection. For
        example, a close with unread data resets the connection.
        """
        if self.problem in (CLOSED, RESET, REFUSED):
            return UNANSWERED
        return self.problem.replace("the connection was reset", "the connection was closed")

    def values(self, name: str) -> list[str]:
        """Return the values of a header; `name` in lower case."""
        return [value for each, value in self.headers if each.lower() == name]
