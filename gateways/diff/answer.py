"""What came back for one request, as a client on the socket sees it. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from gateways.requests.request import Headers

Framing = Literal["length", "chunked", "close", "none"]
"""How the end of the body is known (RFC 9112, 6.3); "none" where there can be no body."""

KEPT = 4 << 20
"""Octets of a body that are kept; of a longer one there are the length and the digest."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a response, without its transfer coding. `octets` is empty if there were more than KEPT."""

    octets: bytes
    length: int
    digest: str

    @property
    def is_kept(self) -> bool:
        return len(self.octets) == self.length


def body_of(octets: bytes) -> Body:
    """The body that is these octets."""
    digest = hashlib.sha256(octets).hexdigest()
    return Body(octets if len(octets) <= KEPT else b"", len(octets), digest)


NO_BODY = body_of(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, or how it failed to come.

    status: None if no response began.
    headers, trailers: names and values as they were sent, latin-1, in order.
    interim: the statuses of 1xx responses before it.
    blocks: seconds since the request was sent, and octets of content, for each piece that arrived by itself.
    first, total: seconds until the first octet of the response, and until its end.
    excess: octets that came after the end of the response.
    problem: what went wrong, in a sentence; "" if nothing did.
    """

    status: int | None = None
    reason: str = ""
    version: str = ""
    headers: Headers = ()
    body: Body = NO_BODY
    trailers: Headers = ()
    interim: tuple[int, ...] = ()
    framing: Framing = "none"
    blocks: tuple[tuple[float, int], ...] = ()
    first: float = 0.0
    total: float = 0.0
    excess: int = 0
    problem: str = ""

    def values(self, name: str) -> list[str]:
        """The values of a header, name in lower case."""
        return [value for each, value in self.headers if each.lower() == name]
