"""Record of a measured scenario and its expected responses. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from gateways.compare.load.order import Answer
from gateways.compare.made import made


@dataclass(frozen=True)
class MixRequest:
    """A request of a mix: its label, its weight, and the expected response."""

    label: str
    weight: float
    answer: Answer

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["label"], data["weight"], Answer.from_json(data["answer"]))


@dataclass(frozen=True)
class Question:
    """A measured scenario, and the expected response (None for a mix, and for messages of a WebSocket).

    headline, role, small: as in the scenario (plan.scenarios). parts: the requests of a mix, in the same order as the
    parts of each measurement. left_out: the requests of the mix that are not sent, with reasons.
    """

    name: str
    reveals: str
    request: str
    load: str
    service: float | None
    behind: int
    answer: Answer | None = None
    headline: str = "rate"
    role: str = ""
    small: bool = False
    parts: tuple[MixRequest, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def answers(self) -> list[Answer]:
        """The expected responses of all requests."""
        return [each.answer for each in self.parts] or ([self.answer] if self.answer else [])

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the question. Use the defaults for keys that files before version 1.2 do not have."""
        added = {} if "headline" in data else _BY_NAME.get(data["name"], {})
        answer = data["answer"] and Answer.from_json(data["answer"])
        parts = tuple(MixRequest.from_json(each) for each in data.get("parts", ()))
        return made(
            cls,
            {**data, **added, "answer": answer, "parts": parts, "left_out": tuple(data.get("left_out", ()))},
        )


_BY_NAME: dict[str, dict[str, Any]] = {
    "stream": {"headline": "first byte"},
    "idle": {"headline": "room"},
    "slow-readers": {"headline": "room"},
    "hello": {"small": True},
    "path": {"small": True, "role": "app"},
    "gateway": {"role": "server"},
}
"""Defaults for keys that files before version 1.2 do not have."""
