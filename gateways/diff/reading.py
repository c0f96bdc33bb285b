"""Parse the bytes of a response: its headers, content and blocks, and any bytes after its end. Pure.

Uses h11. Times are parameters. It does not decode content codings.
"""

from typing import Any

import h11

from gateways.diff.answer import Answer, Framing, body_of
from gateways.requests.request import Headers

HEAD_LIMIT = 1 << 20
"""Maximum size of response headers, in bytes."""


class Reading:
    """The response received so far.

    problem: set by the caller if the connection fails. raw: number of bytes received.
    keeps_open: False if the connection is known to be unusable for another request.
    """

    def __init__(self, method: str) -> None:
        self.head: h11.Response | None = None
        self.done = False
        self.problem = ""
        self.framing: Framing = "none"
        self.excess = 0
        self.raw = 0
        self.keeps_open = False
        self._first = self._last = 0.0
        self._interim: list[tuple[int, Headers]] = []
        self._blocks: list[tuple[float, int]] = []
        self._pieces: list[bytes] = []
        self._trailers: Headers = ()
        self._method = method
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        self._parser.send(h11.EndOfMessage())

    def feed(self, octets: bytes, now: float) -> None:
        """Parse bytes that were received `now` seconds after the client began to send; b"" means the end of the
        connection.

        Raises: h11.RemoteProtocolError: not an HTTP response, or an incomplete one.
        """
        if octets and not self.raw:
            self._first = now
        self.raw += len(octets)
        self._last = now
        self._parser.receive_data(octets)
        arrived = 0
        try:
            while not self.done:
                event = self._parser.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    break
                arrived += self._event(event)
        finally:
            if arrived:
                self._blocks.append((now, arrived))

    def _event(self, event: Any) -> int:
        if isinstance(event, h11.InformationalResponse):
            self._interim.append((event.status_code, _pairs(event.headers)))
        elif isinstance(event, h11.Response):
            self.head = event
            self.framing = _framing(self._method, event)
        elif isinstance(event, h11.Data):
            self._pieces.append(bytes(event.data))
            return len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            self._trailers = _pairs(event.headers)
            self.excess = len(self._parser.trailing_data[0])
            self.keeps_open = self._parser.their_state is h11.DONE and not self.excess
            self.done = True
        elif isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("closed")
        return 0

    def after(self, octets: int) -> None:
        """Record the number of bytes that arrived after the response; 0 means that the connection was closed."""
        self.excess = octets
        self.keeps_open = False

    def answer(self) -> Answer:
        """Return the response so far."""
        if self.head is None:
            return Answer(interim=tuple(self._interim), first=self._first, total=self._last, problem=self.problem)
        return Answer(
            status=self.head.status_code,
            reason=self.head.reason.decode("latin-1"),
            version=f"HTTP/{self.head.http_version.decode()}",
            headers=_pairs(self.head.headers),
            body=body_of(b"".join(self._pieces)),
            trailers=self._trailers,
            interim=tuple(self._interim),
            framing=self.framing,
            blocks=tuple(self._blocks),
            first=self._first,
            total=self._last,
            excess=self.excess,
            keeps_open=self.keeps_open,
            problem=self.problem,
        )


def _pairs(headers: Any) -> Headers:
    raw = headers.raw_items() if hasattr(headers, "raw_items") else headers
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _framing(method: str, head: h11.Response) -> Framing:
    """Return how the response marks the end of its body: by a length, by chunks or by a close (RFC 9112, 6.3).
    Return "none" if it cannot have a body.
    """
    if method == "HEAD" or head.status_code in (204, 304):
        return "none"
    names = {name for name, _ in head.headers}
    if b"transfer-encoding" in names:
        return "chunked"
    return "length" if b"content-length" in names else "close"
