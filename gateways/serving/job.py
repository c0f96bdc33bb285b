"""The job of a server process, as its parent process sends it."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

from gateways.serving.mode import Mode
from gateways.serving.settings import USUAL, Settings

Observe = Literal["steps", "access", "nothing"]
"""The recorded events: every step between server and app, one event per request, or nothing."""

GRACE = 1.2
"""Delay between SIGTERM and SIGKILL, in seconds. With this delay, shutdown takes at most two seconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """An instruction to serve `target`, an app of `interface`, with a server that speaks `mode`.

    `descriptor` is the file descriptor of the bound socket. Events are sent to the address `events`. If `varied` is
    True, the app's objects get different memory addresses in each process. So `gateways diff` recognises an address in
    a response as noise.
    """

    mode: Mode
    interface: Mode
    server: str
    target: str
    observe: Observe
    descriptor: int
    events: str
    settings: Settings = USUAL
    varied: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        settings = fields.pop("settings")
        lists = {name: tuple(value) for name, value in settings.items() if isinstance(value, list)}
        return cls(**fields, settings=Settings(**{**settings, **lists}))
