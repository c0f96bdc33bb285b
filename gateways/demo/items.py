"""Convert events for the page: grouped by request, as JSON values. Pure.

An item is {"lane", "request", "when", "kind"} with further keys that depend on the kind. "when" is in seconds, as
returned by time.perf_counter():
    begin  heading, process
    step   step: the event's kind; at: ms since the request began; way: "in" or "out" of the app; what and text: its
           name and a short text; thread: process id and thread name; port: the client's, if the event has it; data: the
           values, as in docs/trace-schema.md
    more   at; skipped: steps of a long body that are not shown
    end    summary, good
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from gateways.events.events import Batch, Event
from gateways.events.exchange import BEGINNINGS, Exchange, access_line, begin
from gateways.events.printable import printable, target
from gateways.trace.document import plain
from gateways.trace.rows import BULK, MAX_ROWS
from gateways.trace.steps import OF_PROGRAM, of_event

Item = dict[str, Any]
Key = tuple[str, int, int]


class Converter:
    """Converts batches to items. It numbers the requests of each mode in the same way as the terminal."""

    def __init__(self) -> None:
        self._running: dict[Key, Exchange] = {}
        self._programs: dict[Key, int] = {}
        self._numbers: dict[str, int] = {}

    def convert(self, mode: str, batch: Batch) -> list[Item]:
        """Return the items of a batch. The items of one request keep their order."""
        groups = groupby(sorted(batch.events, key=itemgetter(2)), key=itemgetter(2))
        return [item for number, steps in groups for item in self._request(mode, batch, number, list(steps))]

    def _request(self, mode: str, batch: Batch, number: int, events: list[Event]) -> Iterator[Item]:
        if events[0][3] == "access":
            yield from self._access(mode, batch, events[0])
            return
        key, last = (mode, batch.process, number), events[-1]
        exchange = self._running.get(key)
        if exchange is None:
            if events[0][3] not in BEGINNINGS:
                return  # an app may have tasks that continue to call receive()
            exchange = self._running[key] = begin(self._next(mode), events[0])
            heading = {"heading": exchange.heading, "process": batch.process}
            yield _item(mode, exchange.number, exchange.began, "begin", **heading)
        for event in events:
            exchange.add(event)
        for each in _thinned(events):
            if isinstance(each, int):
                more = {"at": _ms(last[0] - exchange.began), "skipped": each}
                yield _item(mode, exchange.number, last[0], "more", **more)
            elif step := self._step(key, exchange.began, each, batch):
                yield _item(mode, exchange.number, each[0], "step", **step)
        if any(event[3] == "end" for event in events):
            end = {"summary": exchange.summary(), "good": exchange.good}
            yield _item(mode, exchange.number, last[0], "end", **end)
        if exchange.over:
            del self._running[key]
            self._programs.pop(key, None)

    def _access(self, mode: str, batch: Batch, event: Event) -> Iterator[Item]:
        """Yield the items of a request that was recorded as one line."""
        when, _, _, _, data = event
        method, path, query, status, _, seconds, flaw, *_ = data
        number = self._next(mode)
        heading = f"{printable(method)} {target(path, query)}"
        yield _item(mode, number, when, "begin", heading=heading, process=batch.process)
        summary = access_line(mode, data).partition(heading)[2].strip().replace("  ", " · ")
        good = isinstance(status, int) and 0 < status < 400 and not flaw
        yield _item(mode, number, when + seconds, "end", summary=f"{status or 'no status'} · {summary}", good=good)

    def _next(self, mode: str) -> int:
        self._numbers[mode] = self._numbers.get(mode, 0) + 1
        return self._numbers[mode]

    def _step(self, key: Key, began: float, event: Event, batch: Batch) -> Item | None:
        _, thread, _, kind, data = event
        shown = of_event(event, began, batch.interface)
        if shown is None:
            return None
        if kind == "process":
            self._programs[key] = data[0]
        thread_of = [batch.process, batch.threads.get(thread, f"thread {thread}")]
        if kind in OF_PROGRAM and key in self._programs:
            thread_of = [self._programs[key], "the program"]
        what, _, message = shown.what.partition(" ")  # "send http.response.start"
        text = "  ".join(filter(None, (message, shown.text or ("" if message else _count(shown.fields)))))
        way = "in" if shown.source < shown.target else "out"
        step = {"step": kind, "at": _ms(shown.at), "way": way, "what": what, "text": text}
        return {**step, "thread": thread_of, "data": plain(data), **_port(kind, data)}


def _item(mode: str, number: int, when: float, kind: str, **more: Any) -> Item:
    return {"lane": mode, "request": number, "when": when, "kind": kind, **more}


def _thinned(events: list[Event]) -> Iterator[Event | int]:
    """Keep the first and last pieces of a long body, and count the pieces in between."""
    for bulk, run in groupby(events, key=lambda event: event[3] in BULK):
        steps = list(run)
        if bulk and len(steps) > MAX_ROWS:
            yield from steps[: MAX_ROWS - 1]
            yield len(steps) - MAX_ROWS
            yield steps[-1]
        else:
            yield from steps


def _count(fields: Any) -> str:
    return f"{len(fields)} values" if fields else ""


def _port(kind: str, data: Any) -> Item:
    """Return {"port": the client's port} if the event has the port, else {}."""
    if kind == "scope":
        client = data.get("client")
        return {"port": client[1]} if isinstance(client, (list, tuple)) and len(client) == 2 else {}
    if kind in ("environ", "environment") and str(data.get("REMOTE_PORT", "")).isdigit():
        return {"port": int(data["REMOTE_PORT"])}
    return {}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
