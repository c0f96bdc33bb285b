"""A response: status, headers, and blocks with their times. Pure."""

from dataclasses import dataclass, field

STREAM = 0.05
"""Minimum time between the first and last block of a stream, in seconds."""

MAX_BLOCKS = 64
"""Maximum number of blocks of one response that are read."""

KEPT = 1 << 20
"""Maximum number of bytes of a body that are stored. Later requests may use values from them."""


@dataclass(slots=True)
class Answer:
    """A response. status: 0 until the headers arrive. times: arrival of each non-empty block, in seconds on
    any clock.
    """

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    length: int = 0
    whole: bool = False
    error: str = ""
    body: bytes = b""

    def block(self, data: bytes, now: float) -> None:
        """Add a block of the body."""
        if data:
            self.times.append(now)
            self.length += len(data)
            self.body = (self.body + data)[:KEPT]

    def header(self, name: str) -> str:
        """Return the first value of a header, or "" if it is missing; `name` in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def took(self) -> float:
        """Time from the first block to the last, in seconds."""
        return self.times[-1] - self.times[0] if self.times else 0.0

    @property
    def is_stream(self) -> bool:
        """True if the media type is text/event-stream, or if several blocks arrived, and either slowly or without an
        end.
        """
        events = self.header("content-type").startswith("text/event-stream")
        return bool(self.status) and (events or (len(self.times) > 1 and (self.took >= STREAM or not self.whole)))

    def __str__(self) -> str:
        text = str(self.status or "no response")
        return f"{text} ({self.error})" if self.error else text
