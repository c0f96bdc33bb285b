"""Define the action of each button: its request, number of clients, and parameters. Knows the reference app."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from gateways.demo.client import BLOCK, Body, Request

CROWD = 10
MEGABYTE = 1_000_000
LARGEST = 100
"""Maximum size of an upload, in MB."""


class BadRequest(Exception):
    """The input from the page is invalid. The text is the reason."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The request that each of `clients` concurrent clients sends to each server. `digest` is the digest of the request
    body, if it has one.
    """

    request: Request
    clients: int = 1
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A request body of random bytes: one block, repeated."""

    length: int
    octets: bytes

    def block(self, start: int) -> bytes:
        """Return the bytes from `start`, which is the beginning of a block."""
        return self.octets[: self.length - start]


class Spooled:
    """A received request body, in an unnamed temporary file."""

    def __init__(self) -> None:
        self.length = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._digest = hashlib.sha256()

    def write(self, octets: bytes) -> None:
        """Append data."""
        self.length += len(octets)
        if self.length > LARGEST * MEGABYTE:
            raise BadRequest(f"the file is larger than {LARGEST} MB")
        self._digest.update(octets)
        self._file.write(octets)

    def whole(self) -> str:
        """Finish writing, and return the digest of the body."""
        self._file.flush()
        return self._digest.hexdigest()

    def block(self, start: int) -> bytes:
        """Return a block of bytes from `start`."""
        return os.pread(self._file.fileno(), BLOCK, start)

    def close(self) -> None:
        """Close and delete the file."""
        self._file.close()


def plan(name: str, query: Mapping[str, str]) -> Plan:
    """Return the plan of a button.

    Raises:
        BadRequest: unknown button, or invalid parameters.
    """
    if name not in ACTIONS:
        raise BadRequest(f"unknown action {name!r}; the actions are {', '.join(ACTIONS)}")
    return ACTIONS[name](query)


def of_body(body: Body, digest: str) -> Plan:
    """Return the plan of an upload."""
    return Plan(Request("POST", "/upload", body), digest=digest)


def _hello(query: Mapping[str, str]) -> Plan:
    return Plan(Request("GET", f"/hello?name={quote(query.get('name', '')[:200], safe='')}"))


def _paced(path: str, number: str) -> Callable[[Mapping[str, str]], Plan]:
    def paced(query: Mapping[str, str]) -> Plan:
        count, delay = _number(query, number, 6, 1, 40), _number(query, "delay", 0.4, 0, 2)
        return Plan(Request("GET", f"{path}?{number}={count:.0f}&delay={delay:g}"))

    return paced


def _upload(query: Mapping[str, str]) -> Plan:
    length = int(_number(query, "megabytes", 8, 1, LARGEST)) * MEGABYTE
    body, digest = Generated(length, os.urandom(BLOCK)), hashlib.sha256()
    for start in range(0, length, BLOCK):
        digest.update(body.block(start))
    return of_body(body, digest.hexdigest())


def _crowd(query: Mapping[str, str]) -> Plan:
    return Plan(Request("GET", f"/sleep?seconds={_number(query, 'seconds', 1, 0.1, 5):g}"), clients=CROWD)


ACTIONS: dict[str, Callable[[Mapping[str, str]], Plan]] = {
    "hello": _hello,
    "stream": _paced("/stream", "chunks"),
    "upload": _upload,
    "crowd": _crowd,
    "events": _paced("/events", "count"),
}


def _number(query: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = query.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if low <= value <= high:
        return value
    raise BadRequest(f"{name}: got {text!r}; expected a number from {low:g} to {high:g}")
