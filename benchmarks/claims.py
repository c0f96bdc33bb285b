"""What articles say of CGI, WSGI and ASGI, each beside the figures that show it true, false or conditional. Pure.

A verdict is computed from the figures: where another run finds otherwise, it says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateways.compare.analysis import Section
from gateways.compare.figures import Figures, Row
from gateways.compare.words import duration, megabytes, micros, number, rate, share

Verdict = Literal["true", "false", "conditional", "not measured"]

LOOP, LOOP_OF_RUST = "asgi:uvicorn", "asgi:granian-asgi"
FOUR, GTHREAD, MANY = "wsgi:waitress", "wsgi:gunicorn-gthread", "wsgi:granian-wsgi"
OURS, A2WSGI, ASGIREF = (f"wsgi-on-asgi:uvicorn:{name}" for name in ("ours", "a2wsgi", "asgiref"))
LOOP_BEHIND_THREADS = "asgi-on-wsgi:waitress:ours"
COLD, WARM = "cgi:uvicorn:cold", "cgi:uvicorn:warm"

ALIKE = 0.15
"""The share below which two are called alike here, where one run of each is all there is."""
AS_MADE = (0.04, 0.065)
"""Seconds between blocks that are made every 50 ms, if none is held back."""


class Missing(Exception):
    """A figure that a claim needs is not there; the text says which."""


@dataclass(frozen=True)
class Found:
    """All figures, by scenario and contender."""

    sections: Sequence[Section]

    def of(self, scenario: str, contender: str, *, failing: bool = False) -> Figures:
        """Raises Missing if it was not measured, or fails too often to be claimed anything of."""
        for section, row in self._rows(scenario):
            held = section.headline == "room"  # there others that are not answered are the finding
            if row.figures.entrant.id == contender and (failing or held or _claimable(row)):
                return row.figures
        raise Missing(f"{contender} in {scenario}")

    def all_of(self, scenario: str, mode: str) -> list[Figures]:
        """Those of a mode, the best first."""
        every = [row.figures for _, row in self._rows(scenario) if _claimable(row)]
        found = [each for each in every if each.entrant.mode == mode]
        if not found:
            raise Missing(f"{mode} in {scenario}")
        return sorted(found, key=lambda each: -each.rate)

    def _rows(self, scenario: str) -> Iterator[tuple[Section, Row]]:
        for section in self.sections:
            if section.question.name == scenario:
                yield from ((section, row) for row in section.rows)

    def cpu(self, scenario: str, contender: str) -> float:
        found = self.of(scenario, contender).cpu
        if found is None:
            raise Missing(f"CPU time of {contender}")
        return found


def _claimable(row: Row) -> bool:
    """Who may do more than the client could ask for is claimed to do that much."""
    return row.ranked or row.limit == "client"


@dataclass(frozen=True)
class Claim:
    """What is said, and what was seen."""

    said: str
    verdict: Verdict
    seen: str


def claims(sections: Sequence[Section]) -> list[Claim]:
    """All of them, in the order of the page."""
    found = Found(sections)
    return [_judged(said, judge, found) for said, judge in _CLAIMS]


def _judged(said: str, judge: "Judge", found: Found) -> Claim:
    try:
        return Claim(said, *judge(found))
    except Missing as missing:
        return Claim(said, "not measured", f"Without {missing} nothing can be said.")


Judge = Callable[[Found], tuple[Verdict, str]]


def _beside(figures: Figures) -> str:
    return f"{figures.entrant.label} {rate(figures.rate)}"


def _always_faster(found: Found) -> tuple[Verdict, str]:
    sync, loop = found.all_of("hello", "wsgi")[0], found.all_of("hello", "asgi")[0]
    waiting, threads = found.of("wait", LOOP), found.of("wait", FOUR)
    seen = (
        f"hello: {_beside(sync)} a second, {_beside(loop)}. wait, {waiting.connections} clients: {_beside(waiting)}, "
        f"{_beside(threads)}. What waits gains; what does not wait depends on the server."
    )
    return ("false" if sync.rate > loop.rate * (1 - ALIKE) else "conditional"), seen


def _interface_decides(found: Found) -> tuple[Verdict, str]:
    spread = {}
    for mode in ("wsgi", "asgi"):
        servers = found.all_of("hello", mode)
        spread[mode] = (servers[0], servers[-1], servers[0].rate / servers[-1].rate)
    between = max(spread["wsgi"][0].rate, spread["asgi"][0].rate) / min(spread["wsgi"][0].rate, spread["asgi"][0].rate)
    parts = [
        f"{number(times)} times from {worst.entrant.label} to {best.entrant.label}"
        for best, worst, times in spread.values()
    ]
    seen = f"hello: {' and '.join(parts)}; between the best of both interfaces, {number(between)} times."
    return ("false" if between < max(times for _, _, times in spread.values()) else "true"), seen


def _helps_computing(found: Found) -> tuple[Verdict, str]:
    loop, same_server, threads = (found.of("cpu", each) for each in (LOOP, OURS, FOUR))
    seen = (
        f"cpu: {_beside(loop)} a second, and as a WSGI app on the same server {_beside(same_server)}; "
        f"{_beside(threads)}. One core is what all have."
    )
    return ("true" if loop.rate > same_server.rate * (1 + ALIKE) else "false"), seen


def _cannot_stream(found: Found) -> tuple[Verdict, str]:
    few, many = found.of("stream", FOUR), found.of("stream", MANY)
    gaps = [each.gap.p50 for each in (few, many)]
    if None in gaps:
        raise Missing("the gaps of a stream")
    as_made = all(AS_MADE[0] < gap < AS_MADE[1] for gap in gaps if gap is not None)
    seen = (
        f"stream: blocks made every 50 ms arrive {duration(few.gap.p50)} apart from {few.entrant.label}, "
        f"{duration(many.gap.p50)} from {many.entrant.label}. But a stream holds a thread: of {few.connections} "
        f"clients, half have the first byte after {duration(few.first_byte.p50)} and {duration(many.first_byte.p50)}."
    )
    return ("false" if as_made else "conditional"), seen


def _hundred_times(found: Found) -> tuple[Verdict, str]:
    loop, cold, warm = (found.of("hello", each) for each in (LOOP, COLD, WARM))
    blocked, program = found.of("blocking", LOOP), found.of("blocking", COLD)
    times, of_warm = loop.rate / cold.rate, loop.rate / warm.rate
    seen = (
        f"hello: {_beside(cold)} a second, {_beside(warm)}, {_beside(loop)}: {number(times)} and {number(of_warm)} "
        f"times. blocking: {_beside(program)}, {_beside(blocked)}. A request takes {micros(cold.cpu)} of CPU, or "
        f"{micros(warm.cpu)}: that is much beside hello, and little beside a report that takes a second."
    )
    return ("conditional" if program.rate > blocked.rate or of_warm < 100 else "true"), seen


def _needs_no_threads(found: Found) -> tuple[Verdict, str]:
    waiting, blocked = found.of("wait", LOOP), found.of("blocking", LOOP)
    helped = found.of("blocking", OURS)
    seen = (
        f"wait, which awaits: {_beside(waiting)} a second in {waiting.threads} threads. blocking, which does not: "
        f"{_beside(blocked)}, {_beside(helped)}. It needs none as long as everything in it awaits."
    )
    return ("conditional" if blocked.rate < helped.rate else "true"), seen


def _make_it_async(found: Found) -> tuple[Verdict, str]:
    blocked, threads = found.of("blocking", LOOP), found.of("blocking", FOUR)
    seen = (
        f"blocking, {blocked.connections} clients: {_beside(blocked)} a second, {_beside(threads)}. One call of 50 ms "
        "that blocks, and the whole server waits for it: 20 a second is the most that there can be."
    )
    return ("false" if blocked.rate < threads.rate else "true"), seen


def _adapters_slow(found: Found) -> tuple[Verdict, str]:
    native, ours, peer = (found.cpu("hello", each) for each in (LOOP, OURS, A2WSGI))
    failing = found.of("hello", ASGIREF, failing=True)
    rest = "" if not failing.failures else f"; asgiref's fails {share(failing.lost_share)} of them"
    seen = (
        f"hello: {micros(native)} of CPU an answer without one, {micros(ours)} with ours and {micros(peer)} with "
        f"a2wsgi{rest}. What ours adds is {share((ours - native) / 0.005)} of an app's 5 ms."
    )
    return ("conditional" if ours - native < 0.5 * (peer - native) else "true"), seen


def _sync_app_scales(found: Found) -> tuple[Verdict, str]:
    loop, adapted = found.of("wait", LOOP), found.of("wait", OURS)
    held, room = found.of("idle", OURS), found.of("idle", LOOP)
    seen = (
        f"wait, {loop.connections} clients: {_beside(adapted)} a second, {_beside(loop)}. idle: it holds {held.begun} "
        f"streams of events, and not {room.begun}. The app's threads decide, and not the server."
    )
    return ("false" if adapted.rate < loop.rate / 2 else "true"), seen


def _async_app_scales(found: Found) -> tuple[Verdict, str]:
    loop, behind = found.of("wait", LOOP), found.of("wait", LOOP_BEHIND_THREADS)
    seen = (
        f"wait, {loop.connections} clients: {_beside(behind)} a second, {_beside(loop)}. A thread of the server's is "
        "held for each answer."
    )
    return ("false" if behind.rate < loop.rate / 2 else "true"), seen


def _threads_do_not_scale(found: Found) -> tuple[Verdict, str]:
    loop, many, few = (found.of("wait", each) for each in (LOOP, MANY, FOUR))
    held, of_loop = found.of("idle", MANY), found.of("idle", LOOP)
    seen = (
        f"wait, {loop.connections} clients: {_beside(many)} a second, {_beside(loop)}, {_beside(few)}. idle: "
        f"{held.begun} streams held in {megabytes(held.memory[1])}, {of_loop.begun} by the loop in "
        f"{megabytes(of_loop.memory[1])}. Some hundreds do; each costs memory, and somebody must ask for them."
    )
    return ("conditional" if many.rate > loop.rate / 2 else "true"), seen


def _slow_clients(found: Found) -> tuple[Verdict, str]:
    every = [found.of("slow-readers", each) for each in (GTHREAD, FOUR, LOOP)]
    parts = [
        f"{each.entrant.label} answers {share(1 - each.lost_share)} of the others, in {megabytes(each.memory[1])}"
        for each in every
    ]
    seen = (
        f"slow-readers: {'; '.join(parts)}. A server that buffers what its app says lets its threads go, and pays in "
        "memory."
    )
    stopped, buffers = every[0].lost_share > 0.5, every[1].lost_share < 0.5
    return ("conditional" if stopped and buffers else "true" if stopped else "false"), seen


_CLAIMS: Sequence[tuple[str, Judge]] = (
    ("Async is always faster.", _always_faster),
    ("The interface decides how fast a server is.", _interface_decides),
    ("Async makes work in Python faster.", _helps_computing),
    ("WSGI cannot stream.", _cannot_stream),
    ("CGI is 100 times slower.", _hundred_times),
    ("Async needs no threads.", _needs_no_threads),
    ("Just make it async.", _make_it_async),
    ("Adapters are slow.", _adapters_slow),
    ("An async server gives a sync app async's scale.", _sync_app_scales),
    ("An async app keeps its scale on a sync server.", _async_app_scales),
    ("Threads do not scale.", _threads_do_not_scale),
    ("A few slow clients stop a sync server.", _slow_clients),
)
