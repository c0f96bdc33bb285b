"""Collect the raw samples of one order, and convert them to histograms at its end. Pure."""

import html
import re
from array import array
from collections import Counter

from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import EXAMPLES, Answer, Measured
from gateways.compare.load.response import Reader
from gateways.compare.load.varying import has


class Tally:
    """Samples in nanoseconds. To save time, a response only appends to arrays. `counting`: True within the window."""

    def __init__(self) -> None:
        self.counting = False
        self.measured = Measured()
        self.whole = array("q")  # responses on the fast path: the time counts as latency and as time to the first byte
        self.latency, self.first_byte, self.gap = array("q"), array("q"), array("q")
        self.lag, self.late = array("q"), array("q")
        self._failed: Counter[str] = Counter()
        self._missing = 0

    def fail(self, kind: str, example: str, *, sample: bool) -> None:
        """Count a request that did not get the expected response. `sample`: True if the request is also a sample of the
        latencies.
        """
        self._failed[kind] += 1
        self._missing += sample
        if len(self.measured.examples) < EXAMPLES:
            self.measured.examples.append(example)

    def never_sent(self, number: int) -> None:
        self.measured.unsent += number
        self._missing += number

    def done(self) -> Measured:
        """Return the measurement."""
        measured = self.measured
        measured.failed = dict(self._failed)
        measured.latency = Histogram(self.latency + self.whole, self._missing)
        measured.first_byte = Histogram(self.first_byte + self.whole, self._missing)
        measured.gap, measured.lag, measured.late = map(Histogram, (self.gap, self.lag, self.late))
        return measured


class Expected:
    """The expected response. Each response must have the same body. If the body varies, each response must have its
    fixed pieces.
    """

    def __init__(self, answer: Answer | None = None, body: bytes | None = None) -> None:
        self.body = body
        self.length = len(body) if body else 0
        pieces = answer.fixed if answer else None
        self.fixed = None if pieces is None else [piece.encode("latin-1") for piece in pieces]
        self.fine: set[bytes] = set()
        """Headers of earlier correct responses that kept the connection open."""
        self._answer = answer

    def wrong(self, reader: Reader) -> str:
        """Return the kind of failure of a complete response; "" if it is correct."""
        answer, head = self._answer, reader.head
        if answer is None or head is None:
            return ""
        if head.status != answer.status:
            return f"status {head.status}"
        if answer.length is not None and reader.length != answer.length:
            return "length"
        if not reader.whole or (self.fixed is not None and not has(self.fixed, bytes(reader.body))):
            return "body"
        if self.length and head.keep and head.length == self.length:
            if len(self.fine) > 64:  # the Date header changes once a second
                self.fine.clear()
            self.fine.add(reader.raw_head)
        return ""

    def example(self, reader: Reader) -> str:
        """Describe the received response and the expected response."""
        got = f"{reader.head.status if reader.head else 'no status'} with {reader.length} bytes"
        answer = self._answer
        length = "" if answer is None or answer.length is None else f" with {answer.length} bytes"
        said = (
            f" ({text})" if reader.head and reader.head.status >= 400 and (text := _title(bytes(reader.body))) else ""
        )
        return f"got {got}{said}; expected {answer.status if answer else 'any'}{length}"


MAX_TITLE = 80
"""Maximum number of characters of an error page that are shown."""


def _title(body: bytes) -> str:
    """Return the title of an error page, or the beginning of its text; "" if it is not text."""
    page = body.decode("utf-8", "replace")
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL | re.IGNORECASE)
    text = " ".join(html.unescape(title[1] if title else re.sub(r"<[^>]*>", " ", page)).split())
    return text[:MAX_TITLE] if text.isprintable() and "\ufffd" not in text[:MAX_TITLE] else ""
