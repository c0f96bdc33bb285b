"""Records of a check: an observation of the app, and the finding that a rule derives from it. Pure."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the app's source: the path of the file, the number of the line (from 1), and its text."""

    file: str
    line: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation of the running app.

    kind: the rule's key in `gateways.check.rules.RULES`.
    message: the evidence as text, e.g. a call, a header, or the message of an exception.
    place: the line of the app that caused the observation; None if that line is unknown.
    request: the request that was running, e.g. "GET /"; "" for import and startup.
    stack: for a blocked event loop, the frames at that time, innermost last.
    values: further data that the rule needs; JSON types only.
    """

    kind: str
    message: str
    place: Place | None = None
    request: str = ""
    stack: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types; the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        place = Place(**fields["place"]) if fields["place"] else None
        return cls(**{**fields, "place": place, "stack": tuple(fields["stack"])})


@dataclass(frozen=True, slots=True)
class Advice:
    """The result of a rule: a title, the reason with the clause of a specification, and the remedy."""

    title: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An observation that matters on the new server, with advice."""

    rule: str
    seen: Seen
    advice: Advice

    def to_dict(self) -> dict[str, Any]:
        """Return the finding in the format of `--json`."""
        seen = self.seen
        return {
            "rule": self.rule,
            "title": self.advice.title,
            "seen": seen.message,
            "where": asdict(seen.place) if seen.place else None,
            "request": seen.request or None,
            "stack": list(seen.stack),
            "why": self.advice.why,
            "remedy": self.advice.remedy,
        }
