"""What one process asks of another that it starts to serve."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

from gateways.serving.server import Mode
from gateways.serving.settings import USUAL, Settings

Observe = Literal["steps", "access", "nothing"]
"""Every step between server and app, one event a request, or the app as it is."""

GRACE = 1.2
"""Seconds from SIGTERM until what still runs is killed: with it everything is gone within two seconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a server's process is to do: serve `target`, an app of `interface`, with a server that speaks `mode`.

    `descriptor` is the bound socket's, `events` the address to send events to.
    """

    mode: Mode
    interface: Mode
    server: str
    target: str
    observe: Observe
    descriptor: int
    events: str
    settings: Settings = USUAL

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        settings = fields.pop("settings")
        lists = {name: tuple(value) for name, value in settings.items() if isinstance(value, list)}
        return cls(**fields, settings=Settings(**{**settings, **lists}))
