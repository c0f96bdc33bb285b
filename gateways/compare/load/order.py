"""Orders for the load client, and its measurements: one line of JSON each. Pure.

Times are in seconds in an order and in nanoseconds in what was measured.
"""

import base64
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from gateways.compare.load.histogram import Histogram

Kind = Literal["probe", "closed", "open", "websocket"]
"""One request, whose answer is returned; a closed loop, in which each connection sends the next request when it has the
answer; an open loop, in which requests are due at random instants; WebSockets, in a closed loop of messages."""


@dataclass(frozen=True)
class Request:
    """An HTTP/1.1 request. A made-up body has `body` bytes, the same ones for the same length; one that is given is
    `content`, in base64, and its type is among `headers`.
    """

    target: str
    method: str = "GET"
    body: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    content: str | None = None

    def octets(self, host: str) -> bytes:
        """The request as it is sent."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        if not any(name.lower() == "user-agent" for name, _ in self.headers):
            lines.append("User-Agent: gateways")
        lines += [f"{name}: {value}" for name, value in self.headers]
        body = random.Random(self.body).randbytes(self.body)  # noqa: S311
        if self.content is not None:
            body = base64.b64decode(self.content)
            lines.append(f"Content-Length: {len(body)}")
        elif self.body:
            lines += ["Content-Type: application/octet-stream", f"Content-Length: {self.body}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of dataclasses.asdict."""
        return cls(**{**data, "headers": tuple((name, value) for name, value in data.get("headers", ()))})


@dataclass(frozen=True)
class Answer:
    """What every answer must be. None: it differs from one answer to the next, and is not verified.

    `sha256` is that of the body, which the client has seen in answer to a probe. `fixed` are the pieces of a body that
    varies which every answer must have (load.varying), as latin-1; None if they are not known.
    """

    status: int
    length: int | None
    sha256: str | None
    fixed: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of dataclasses.asdict. A key that a later version has added is ignored."""
        fixed = data.get("fixed")
        return cls(data["status"], data["length"], data["sha256"], None if fixed is None else tuple(fixed))


@dataclass(frozen=True)
class Part:
    """One request of a mix, with the answer that it must have. Requests are drawn by their `weight`."""

    request: Request
    weight: float = 1.0
    answer: Answer | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of dataclasses.asdict."""
        answer = data["answer"]
        return cls(Request.from_json(data["request"]), data["weight"], answer and Answer.from_json(answer))


@dataclass(frozen=True)
class Behind:
    """What other connections do meanwhile: read the body that they get slowly, or hold it open, an endless stream."""

    kind: Literal["slow", "held"]
    request: Request
    connections: int

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of dataclasses.asdict."""
        return cls(data["kind"], Request.from_json(data["request"]), data["connections"])


@dataclass(frozen=True)
class Trust:
    """Which certificates are accepted: those of the authorities in the file `ca` ("": the system's), or any."""

    ca: str = ""
    insecure: bool = False


@dataclass(frozen=True)
class Order:
    """What to do. `ramp` seconds are not measured; then `seconds` are; then what is under way may take `timeout`.

    It begins when all connections are open, and not before `begin` (time.time_ns(); 0: at once). With `tls`, the
    certificate must be valid for `host`, as `trust` says. `host_header` is sent as Host; "" means host and port.
    With a `mix`, each request is drawn from it, by `seed`, and `request` and `answer` are not used.
    """

    kind: Kind
    host: str
    port: int
    request: Request
    answer: Answer | None = None
    connections: int = 1
    seconds: float = 0.0
    ramp: float = 0.0
    timeout: float = 10.0
    rate: float = 0.0
    seed: int = 0
    spin: bool = True
    processes: tuple[int, ...] = ()
    behind: Behind | None = None
    tls: bool = False
    begin: int = 0
    host_header: str = ""
    mix: tuple[Part, ...] = ()
    trust: Trust = field(default_factory=Trust)

    @property
    def authority(self) -> str:
        """The Host header's value. From the address, the default port is left out (RFC 9110, 4.2)."""
        if self.host_header:
            return self.host_header
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        data = json.loads(text)
        data["request"] = Request.from_json(data["request"])
        data["behind"] = data["behind"] and Behind.from_json(data["behind"])
        data["answer"] = data["answer"] and Answer.from_json(data["answer"])
        data["mix"] = tuple(Part.from_json(each) for each in data["mix"])
        data["processes"] = tuple(data["processes"])
        data["trust"] = Trust(**data["trust"])
        return cls(**data)


LATER = ("opened", "parts")
"""Fields that files of earlier versions do not have."""
EXAMPLES = 3
"""Examples of failures that are kept."""
HISTOGRAMS = ("latency", "first_byte", "gap", "lag", "late")


@dataclass
class Measured:
    """What happened in one order. `window` is how long was measured, `opened` when it began (time.time_ns()).

    The samples of a closed loop are the answers that came after the window began; those of an open loop the requests
    that were due within it, and their `latency` counts from that instant. A request that failed, was not answered in
    time or not even sent (`unsent`) is missing from `latency`, which counts it beyond every value. `first_byte` (of
    the body) counts from the same instant; `late` is from when a request was due to when it was sent; `gap` is between
    arrivals of a body that came in pieces.

    Of the verified answers that came within the window: `lag` is from when the kernel had received each to when this
    program saw it (0 where the kernel does not tell), `octets` their bodies' length, `busy` the time from sending to
    seeing: by Little's law busy / window is the number of requests under way. `outside` counts those that came before
    the window or after it.

    `client_cpu`, `server_cpu` and `machine_cpu` are CPU time spent in the window: by this program, by the processes of
    the order with their reaped children, and by everything (None where the system does not say). `stepped`: the clock
    was set meanwhile, so that the times are wrong. `begun` and `lost` count the connections behind.

    Of a mix, `parts` are the same of each request, in the order of the mix; the whole is their sum. What belongs to no
    single request (CPU time, connections, requests never sent) is in the whole only.
    """

    window: int = 0
    octets: int = 0
    outside: int = 0
    due: int = 0
    unsent: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    reconnects: int = 0
    busy: int = 0
    client_cpu: int = 0
    server_cpu: int | None = None
    machine_cpu: int | None = None
    stepped: bool = False
    begun: int = 0
    lost: int = 0
    opened: int = 0
    latency: Histogram = field(default_factory=Histogram)
    first_byte: Histogram = field(default_factory=Histogram)
    gap: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    late: Histogram = field(default_factory=Histogram)
    parts: "tuple[Measured, ...]" = ()

    def with_parts(self, parts: "Sequence[Measured]") -> "Measured":
        """The whole of a mix: its own figures, with those of all requests added to them."""
        if not parts:
            return self
        self.parts = tuple(parts)
        for name in ("octets", "outside", "busy"):
            setattr(self, name, getattr(self, name) + sum(getattr(each, name) for each in parts))
        self.failed = dict(sum((Counter(each.failed) for each in parts), Counter(self.failed)))
        self.examples = [*self.examples, *(example for each in parts for example in each.examples)][:EXAMPLES]
        for name in HISTOGRAMS:
            of = [getattr(self, name), *(getattr(each, name) for each in parts)]
            setattr(self, name, Histogram.merged(of))
        return self

    @property
    def answered(self) -> int:
        """How many verified answers came within the window."""
        return self.lag.seen

    @property
    def failures(self) -> int:
        """How many requests were not answered as they should have been, or not sent."""
        return sum(self.failed.values()) + self.unsent

    @property
    def rate(self) -> float:
        """Verified answers a second."""
        return self.answered / self.window * 1e9 if self.window else 0.0

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in HISTOGRAMS}
        parts = [each.to_json() for each in self.parts]
        return plain | {name: getattr(self, name).to_json() for name in HISTOGRAMS} | {"parts": parts}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of to_json; what later versions have added is left out, and may be missing."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name not in LATER or each.name in data}
        known |= {name: Histogram.from_json(data[name]) for name in HISTOGRAMS}
        return cls(**known | {"parts": tuple(cls.from_json(each) for each in data.get("parts", ()))})


WHOLE = 256 * 1024
"""Octets of a body up to which it is returned whole."""


@dataclass(frozen=True)
class Seen:
    """The response to a probe. `error` says why there is none; `head` and `start` show what came.

    `body` is the whole body in base64; "" if it is longer than WHOLE octets.
    """

    status: int
    length: int
    sha256: str
    head: str
    start: str
    seconds: float
    error: str = ""
    body: str = ""
