"""Carry out an order: open connections, measure a window, and stop. Knows durations. It must not know how the results
are used.
"""

import base64
import gc
import hashlib
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate

from gateways.compare.load.arrivals import poisson
from gateways.compare.load.behind import Held, SlowReader, close_all
from gateways.compare.load.connections import Connection, MixConnection
from gateways.compare.load.echoes import Echo
from gateways.compare.load.engine import KERNEL_STAMPS, Engine, Link, Links
from gateways.compare.load.loops import ClosedLoop, Loop, OpenLoop
from gateways.compare.load.meters import Reading, difference
from gateways.compare.load.order import WHOLE, Answer, Measured, Order, Seen
from gateways.compare.load.response import BadFraming, Reader
from gateways.compare.load.tally import Expected, Tally
from gateways.compare.load.where import address

CHECK = 0.05
"""Interval between checks for requests that have timed out, in seconds. Other conditions are checked ten times as
often.
"""
CONNECT = 2.0
"""Timeout for opening the connections before the load starts, in seconds."""

bodies: dict[str, bytes] = {}
"""Bodies of the responses to probes, by SHA-256; later responses are compared with them."""


class Work:
    """One order that is measured."""

    def __init__(self, order: Order, *, stamps: bool = KERNEL_STAMPS) -> None:
        self._order = order
        self._tally = Tally()
        self._parts = [Tally() for _ in order.mix]
        self._engine = Engine(stamps=stamps, spin=order.spin and order.kind == "open", link=_links(order))
        self._address = address(order.host, order.port)
        self._behind: list[Held] = []
        self._loop = self._make_loop()
        self._started = time.monotonic()
        self._before: Reading
        self._drain_until = 0.0

    def _make_loop(self) -> Loop:
        order, engine, address, host = self._order, self._engine, self._address, self._order.authority
        connections: list[Connection]
        if order.kind == "websocket":
            connections = [Echo(engine, address, order.request.target, host) for _ in range(order.connections)]
        elif order.mix:
            mix = zip(order.mix, self._parts, strict=True)
            choices = [(part.request.octets(host), _expected(part.answer), tally) for part, tally in mix]
            draw = drawn([part.weight for part in order.mix], order.seed)
            connections = [MixConnection(engine, address, choices, draw) for _ in range(order.connections)]
        else:
            expected, payload = _expected(order.answer), order.request.octets(host)
            connections = [Connection(engine, address, payload, expected) for _ in range(order.connections)]
        if order.kind == "open":
            instants = poisson(order.rate, order.ramp + order.seconds, order.seed)
            return OpenLoop(engine, self._tally, connections, instants, order.ramp)
        return ClosedLoop(engine, self._tally, connections)

    def run(self) -> Measured:
        gc.collect()
        gc.disable()
        try:
            self._start_behind()
            self._loop.connect()
            self._until(self._connected, self._wait)
            self._engine.run()
        finally:
            gc.enable()
            close_all(self._behind)
            self._loop.settle()
            self._engine.close()
        measured = self._tally.done()
        return measured.with_parts([self._part(tally, measured) for tally in self._parts])

    @staticmethod
    def _part(tally: Tally, whole: Measured) -> Measured:
        """Return the measurement of one request of the mix, in the same window."""
        measured = tally.done()
        measured.window, measured.opened, measured.stepped = whole.window, whole.opened, whole.stepped
        return measured

    def _start_behind(self) -> None:
        order, behind = self._order, self._order.behind
        if behind is not None:
            kind = SlowReader if behind.kind == "slow" else Held
            payload = behind.request.octets(order.authority)
            for _ in range(behind.connections):
                self._behind.append(kind(self._engine, self._address, payload, self._tally.measured))

    def _connected(self) -> bool:
        """Return True if all connections are open, or if the timeout for opening them has passed."""
        begun = all(each.begun for each in self._behind)
        return (begun and self._loop.tried()) or time.monotonic() - self._started > CONNECT

    def _until(self, condition: Callable[[], bool], then: Callable[[], None]) -> None:
        """Check the condition now and at intervals. When it is true, call `then`."""
        if condition():
            then()
        else:
            self._engine.after(CHECK / 10, lambda: self._until(condition, then))

    def _wait(self) -> None:
        """Wait for the start time, which clients on other machines share."""
        self._engine.after(max(0, self._order.begin - time.time_ns()) / 1e9, self._begin)

    def _begin(self) -> None:
        self._loop.begin()
        self._engine.after(self._order.ramp, self._open_window)
        self._check()

    def _check(self) -> None:
        self._loop.expire(self._order.timeout)
        self._engine.after(CHECK, self._check)

    def _open_window(self) -> None:
        self._before = Reading.now(self._order.processes)
        self._count(True)
        self._engine.after(self._order.seconds, self._close_window)

    def _count(self, counting: bool) -> None:
        for tally in (self._tally, *self._parts):
            tally.counting = counting

    def _close_window(self) -> None:
        self._count(False)
        self._loop.sending = False
        after, before, measured = Reading.now(self._order.processes), self._before, self._tally.measured
        measured.window, measured.opened = after.monotonic - before.monotonic, before.wall
        measured.client_cpu = after.client - before.client
        measured.server_cpu = difference(after.server, before.server)
        measured.machine_cpu = difference(after.machine, before.machine)
        measured.stepped = after.stepped(before)
        self._drain_until = time.monotonic() + self._order.timeout
        self._until(self._drained, self._engine.stop)

    def _drained(self) -> bool:
        return not self._loop.under_way() or time.monotonic() > self._drain_until


def _expected(answer: Answer | None) -> Expected:
    return Expected(answer, bodies.get(answer.sha256 or "") if answer else None)


def drawn(weights: Sequence[float], seed: int) -> Callable[[], int]:
    """Return a function that draws numbers of requests, with probabilities proportional to their weights. The same seed
    gives the same sequence.
    """
    chance, numbers = random.Random(seed), range(len(weights))  # noqa: S311 - not used for security
    upto = list(accumulate(weights))

    def many() -> Iterator[int]:
        while True:
            yield from chance.choices(numbers, cum_weights=upto, k=1000)

    return many().__next__


def _links(order: Order) -> Links | None:
    if not order.tls:
        return None
    from gateways.compare.load.secure import SecureLink

    return partial(SecureLink, name=order.host, trust=order.trust)


class Probe:
    """One request on a separate connection, whose response is kept."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._engine = Engine(stamps=False, link=_links(order))
        self._reader = Reader(keep=True, bodiless=order.request.method == "HEAD")
        self._payload = order.request.octets(order.authority)
        self._error = ""
        self._started = time.monotonic()
        self._link: Link | None = None

    def run(self) -> Seen:
        order = self._order
        self._engine.after(order.timeout, lambda: self.ended(f"no response within {order.timeout:g} s"))
        try:
            self._link = self._engine.connect(address(order.host, order.port), self)
            self._engine.run()
        except socket.gaierror as error:
            self._error = f"{order.host!r} cannot be resolved: {error.strerror}"
        finally:
            if self._link is not None:
                self._link.close()
            self._engine.close()
        reader, body = self._reader, bytes(self._reader.body)
        digest = hashlib.sha256(body).hexdigest()
        status = reader.head.status if reader.head else 0
        if not self._error:
            bodies[digest] = body
        head, start = reader.raw_head.decode("latin-1"), body[:200].decode("utf-8", "replace")
        whole = base64.b64encode(body).decode() if len(body) <= WHOLE else ""
        return Seen(status, len(body), digest, head, start, time.monotonic() - self._started, self._error, whole)

    def connected(self) -> None:
        assert self._link is not None
        self._link.send(self._payload)

    def received(self, data: memoryview, _at: int) -> None:
        try:
            complete = self._reader.feed(data)
        except BadFraming as error:
            self._error = str(error)
            complete = True
        if complete:
            self._engine.stop()

    def ended(self, why: str) -> None:
        if not self._reader.ended():
            self._error = why or "the connection was closed before the end of the response"
        self._engine.stop()
