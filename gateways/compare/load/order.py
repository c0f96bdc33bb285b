"""The orders for the load client, and its measurements. Each order and each measurement is one line of JSON. Pure.

Times are in seconds in an order, and in nanoseconds in a measurement.
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
"""Kinds of orders. probe: one request, whose response is returned. closed: each connection sends the next request after
the response.
open: requests are due at random times. websocket: a closed loop of messages."""


@dataclass(frozen=True)
class Request:
    """An HTTP/1.1 request.

    body: the length of a generated body in bytes; the content depends only on the length. content: a body from the
    user, in base64; its media type is in `headers`.
    """

    target: str
    method: str = "GET"
    body: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    content: str | None = None

    def octets(self, host: str) -> bytes:
        """Return the bytes of the request."""
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
    """The expected response. A field is None if it varies between responses; such a field is not verified.

    sha256: the digest of the body; the client knows the body from the response to a probe. fixed: for a body that
    varies, the pieces that every response must contain (load.varying), as latin-1; None if unknown.
    """

    status: int
    length: int | None
    sha256: str | None
    fixed: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return an answer from the result of dataclasses.asdict(). Keys added by later versions are ignored."""
        fixed = data.get("fixed")
        return cls(data["status"], data["length"], data["sha256"], None if fixed is None else tuple(fixed))


@dataclass(frozen=True)
class Part:
    """One request of a mix, with the expected response. Its probability is proportional to its `weight`."""

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
    """The work of background connections: read a body slowly, or keep an endless stream open."""

    kind: Literal["slow", "held"]
    request: Request
    connections: int

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of dataclasses.asdict."""
        return cls(data["kind"], Request.from_json(data["request"]), data["connections"])


@dataclass(frozen=True)
class Trust:
    """The accepted certificates: all, or only those of the authorities in the file `ca` ("": the system's)."""

    ca: str = ""
    insecure: bool = False


@dataclass(frozen=True)
class Order:
    """The work of a load client.

    ramp: the first seconds of the load, which are not measured. seconds: the duration of the measured window after it.
    timeout: seconds until a request without a response fails, during the load and after the window.
    begin: earliest start of the load (time.time_ns(); 0: no limit). All connections must be open at that time. tls: use
    HTTPS; the certificate must be valid for `host`, according to `trust`.
    host_header: the value of Host; "" means host and port.
    mix: draw each request from this list, with the random `seed`. `request` and `answer` are then not used.
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
        """Return the value of the Host header. A default port is omitted (RFC 9110, 4.2)."""
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


LATER = ("opened", "parts", "retried", "raised")
"""Fields of Measured that may be missing in files of earlier versions."""
EXAMPLES = 3
"""Maximum number of failures that are recorded as examples."""
HISTOGRAMS = ("latency", "first_byte", "gap", "lag", "late")


@dataclass
class Measured:
    """The measurement of one order.

    window: the measured duration. opened: its start (time.time_ns()).

    The samples of a closed loop are the responses that arrived after the start of the window. The samples of an open
    loop are the requests that were due within the window.
    latency: time until the end of the response. In an open loop, it starts at the due time. A request that failed,
    timed out or was never sent (`unsent`) is a missing value, which is treated as larger than all others.
    first_byte: time until the first byte of the body. It starts at the same time as the latency. late: delay between
    due time and sending.
    gap: time between two pieces of a body.

    The following values cover the verified responses within the window:
    lag: time between the receipt by the kernel and by this program; about 0 if the kernel does not report its time.
    octets: total length of the bodies. busy: total time from sending to reading; by Little's law, busy / window is the
    number of requests in flight.
    outside: the number of responses before or after the window.

    client_cpu, server_cpu, machine_cpu: CPU time within the window of this program, of the order's processes with their
    reaped children, and of the whole machine; None if unknown.
    stepped: True if the clock was set within the window, which makes the times wrong.
    begun, lost: the number of background connections that got the beginning of a response, and how many of these ended
    too early.

    retried: the number of requests that were sent again, because the server closed a reused connection before it
    responded. raised: if there are failures, the number of exceptions in the server's log during the order, by their
    last line.

    parts: for a mix, the measurement of each request, in the order of the mix. The sum of the parts is the whole.
    Values that do not belong to one request (CPU time, connections, unsent requests) are only in the whole.
    """

    window: int = 0
    octets: int = 0
    outside: int = 0
    due: int = 0
    unsent: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    reconnects: int = 0
    retried: int = 0
    raised: dict[str, int] = field(default_factory=dict)
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
        """Return the measurement of a mix: these values plus the sums of the values of all requests."""
        if not parts:
            return self
        self.parts = tuple(parts)
        for name in ("octets", "outside", "busy", "retried"):
            setattr(self, name, getattr(self, name) + sum(getattr(each, name) for each in parts))
        self.failed = dict(sum((Counter(each.failed) for each in parts), Counter(self.failed)))
        self.examples = [*self.examples, *(example for each in parts for example in each.examples)][:EXAMPLES]
        for name in HISTOGRAMS:
            of = [getattr(self, name), *(getattr(each, name) for each in parts)]
            setattr(self, name, Histogram.merged(of))
        return self

    @property
    def answered(self) -> int:
        """Return the number of verified responses within the window."""
        return self.lag.seen

    @property
    def failures(self) -> int:
        """Return the number of requests without the expected response, including those never sent."""
        return sum(self.failed.values()) + self.unsent

    @property
    def rate(self) -> float:
        """Return verified responses per second."""
        return self.answered / self.window * 1e9 if self.window else 0.0

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in HISTOGRAMS}
        parts = [each.to_json() for each in self.parts]
        return plain | {name: getattr(self, name).to_json() for name in HISTOGRAMS} | {"parts": parts}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return a measurement from the result of to_json().

        Keys that later versions have added are ignored. The keys in LATER may be missing, as in older files.
        """
        known = {each.name: data[each.name] for each in fields(cls) if each.name not in LATER or each.name in data}
        known |= {name: Histogram.from_json(data[name]) for name in HISTOGRAMS}
        return cls(**known | {"parts": tuple(cls.from_json(each) for each in data.get("parts", ()))})


WHOLE = 256 * 1024
"""Maximum size of a body that is returned completely, in bytes."""


@dataclass(frozen=True)
class Seen:
    """The response to a probe. If there is no valid response, `error` is the reason.

    head: the response headers. start: the first 200 bytes of the body. Both may be incomplete if there is an error.
    body: the whole body in base64; "" if it is longer than WHOLE bytes.
    """

    status: int
    length: int
    sha256: str
    head: str
    start: str
    seconds: float
    error: str = ""
    body: str = ""
