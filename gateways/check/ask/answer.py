"""One response as it came: status, headers, blocks with their times. Pure."""

from dataclasses import dataclass, field

STREAM = 0.05
"""Seconds between the first and the last block of a body from which on it counts as a stream."""

MOST = 64
"""Blocks taken of one response."""

KEPT = 1 << 20
"""Bytes of a body that are kept, for values that later requests take from it."""


@dataclass(slots=True)
class Answer:
    """`status` is 0 before the head. `times` are those of the non-empty blocks, in seconds on any clock."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    length: int = 0
    whole: bool = False
    error: str = ""
    body: bytes = b""

    def block(self, data: bytes, now: float) -> None:
        """Count a block of the body in."""
        if data:
            self.times.append(now)
            self.length += len(data)
            self.body = (self.body + data)[:KEPT]

    def header(self, name: str) -> str:
        """Return the first value of a header, "" if there is none; `name` in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def took(self) -> float:
        """Seconds from the first block to the last."""
        return self.times[-1] - self.times[0] if self.times else 0.0

    @property
    def is_stream(self) -> bool:
        """Whether it came in blocks over time, or is of a type that does, or had not ended at the time limit."""
        events = self.header("content-type").startswith("text/event-stream")
        return bool(self.status) and (events or (len(self.times) > 1 and (self.took >= STREAM or not self.whole)))

    def __str__(self) -> str:
        said = str(self.status or "no response")
        return f"{said} ({self.error})" if self.error else said
