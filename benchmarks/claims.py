"""Common claims about CGI, WSGI and ASGI, with the figures that prove, refute or limit each of them. Pure.

A verdict is computed from the figures, so the verdict of another run may differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.found import Found, Missing
from gateways.compare.judge.analysis import Section
from gateways.compare.judge.words import as_many, duration, megabytes, micros, number, share, times, together

Verdict = Literal["true", "false", "conditional", "no difference seen", "not measured"]

LOOP, LOOP_OF_RUST = "asgi:uvicorn", "asgi:granian-asgi"
FOUR, GTHREAD, MANY = "wsgi:waitress", "wsgi:gunicorn-gthread", "wsgi:granian-wsgi"
OURS, A2WSGI, ASGIREF = (f"wsgi-on-asgi:uvicorn:{name}" for name in ("ours", "a2wsgi", "asgiref"))
LOOP_BEHIND_THREADS = "asgi-on-wsgi:waitress:ours"
SOCKETS_BEHIND_THREADS = (
    LOOP_BEHIND_THREADS,
    "asgi-on-wsgi:gunicorn-gthread:ours",
    "asgi-on-wsgi:cheroot:ours",
)
SOCKETS_OF_WSGI = ("wsgi:gunicorn-gthread-100", OURS, "wsgi-on-asgi:hypercorn:ours")
COLD, WARM = "cgi:uvicorn:cold", "cgi:uvicorn:warm"

AS_MADE = (0.04, 0.065)
"""Range of the time between received blocks, in seconds, if the server does not buffer them. The app sends a block
every 50 ms."""
NOTABLE = 1.1
"""Maximum relative speed that the cost of an adapter explains, for an app that computes for some milliseconds."""
HUNDRED = 100


@dataclass(frozen=True)
class Claim:
    """A claim, its verdict and the figures. `once` is "measured once", "partly measured once", or ""."""

    said: str
    verdict: Verdict
    seen: str
    once: str = ""


def claims(sections: Sequence[Section]) -> list[Claim]:
    """Return all claims, in the order of the page."""
    return [_judged(said, judge, Found(sections)) for said, judge in _CLAIMS]


def _judged(said: str, judge: "Judge", found: Found) -> Claim:
    try:
        verdict, seen = judge(found)
    except Missing as missing:
        return Claim(said, "not measured", f"Not measured: {missing}.")
    repeated = found.repeated.values()
    return Claim(
        said, verdict, seen, "" if all(repeated) else "partly measured once" if any(repeated) else "measured once"
    )


Judge = Callable[[Found], tuple[Verdict, str]]


def _always_faster(found: Found) -> tuple[Verdict, str]:
    best = {name: [found.all_of(name, mode)[0].entrant.id for mode in ("wsgi", "asgi")] for name in ("hello", "wait")}
    seen = (
        f"hello: {found.beside('hello', *best['hello'])}. wait, {found.of('wait', LOOP).connections} clients: "
        f"{found.beside('wait', *best['wait'])}; {found.beside('wait', FOUR)}. Async helps an app that waits, if the "
        f"server has few threads; for other apps, the server decides."
    )
    if any(found.faster(name, *each) for name, each in best.items()):
        return "false", seen
    always = all(found.faster(name, *reversed(each)) for name, each in best.items())
    return ("true" if always else "conditional"), seen


def _interface_decides(found: Found) -> tuple[Verdict, str]:
    spread = {}
    for mode in ("wsgi", "asgi"):
        servers = found.all_of("hello", mode)
        spread[mode] = (servers[0], servers[-1], servers[0].rate / servers[-1].rate)
    bests = sorted((best for best, _, _ in spread.values()), key=lambda each: -each.rate)
    between = bests[0].rate / bests[1].rate
    parts = [
        f"{best.entrant.label} serves {number(factor)} times as many{what} as {worst.entrant.label}"
        for (best, worst, factor), what in zip(spread.values(), (" requests", ""), strict=True)
    ]
    tie = not found.faster("hello", *(each.entrant.id for each in bests))
    seen = (
        f"hello: {', and '.join(parts)}; the best servers of the two interfaces differ by a factor of {number(between)}"
    )
    seen += " (no difference seen)." if tie else "."
    best, worst, widest = max(spread.values(), key=lambda each: each[2])
    within, least = found.faster("hello", best.entrant.id, worst.entrant.id), found.least("hello")
    if within and (tie or widest > between * least):
        return "false", seen
    if tie:
        return "no difference seen", seen
    return ("true" if between > widest * least else "conditional"), seen


def _helps_computing(found: Found) -> tuple[Verdict, str]:
    seen = (
        f"cpu, as an ASGI app and as a WSGI app on the same server: {found.beside('cpu', LOOP, OURS)}; "
        f"on a WSGI server: {found.beside('cpu', FOUR)}. All run on one core."
    )
    verdict = _gain(found, "cpu", LOOP, OURS)
    if verdict == "true" and found.of("cpu", LOOP).rate < NOTABLE * found.of("cpu", OURS).rate:
        return "false", f"{seen} The difference between the two is the cost of the adapter."
    return verdict, seen


def _gain(found: Found, scenario: str, one: str, other: str) -> Verdict:
    """Return the verdict on the claim that `one` is faster than `other`."""
    if found.faster(scenario, one, other):
        return "true"
    return "false" if found.faster(scenario, other, one) else "no difference seen"


def _cannot_stream(found: Found) -> tuple[Verdict, str]:
    few, many = found.of("stream", FOUR), found.of("stream", MANY)
    gaps = [each.gap.p50 for each in (few, many)]
    if None in gaps:
        raise Missing("the gaps of a stream")
    as_made = all(AS_MADE[0] < gap < AS_MADE[1] for gap in gaps if gap is not None)
    seen = (
        f"stream: the app sends a block every 50 ms. Blocks arrive every {duration(few.gap.p50)} from "
        f"{few.entrant.label}, and every {duration(many.gap.p50)} from {many.entrant.label}. But a stream holds a "
        f"thread: with {few.connections} clients, the median time to the first byte is "
        f"{duration(few.first_byte.p50)} and {duration(many.first_byte.p50)}."
    )
    return ("false" if as_made else "conditional"), seen


def _hundred_times(found: Found) -> tuple[Verdict, str]:
    rows = [found.row("hello", each) for each in (COLD, WARM)]
    ratios = [row.ratio for _, row in rows if row.ratio]
    costs = [row.cpu_ratio for _, row in rows if row.cpu_ratio]
    if rows[0][0].reference != LOOP or len(ratios) < len(rows) or len(costs) < len(rows):
        raise Missing(f"ratios to {LOOP} in hello")
    seen = (
        f"hello, compared with {found.of('hello', LOOP).entrant.label}: "
        f"{together([f'{row.figures.entrant.label} {as_many(row.ratio.value)}' for _, row in rows if row.ratio])}; a "
        f"response takes {together([micros(row.figures.cpu) for _, row in rows])} of CPU, "
        f"{together([times(each.value) for each in costs])} times as much. blocking: "
        f"{found.beside('blocking', COLD, LOOP)}. Starting a process costs far more than a hello response, but little "
        f"compared with a report that takes a second."
    )
    program, blocked = found.of("blocking", COLD), found.of("blocking", LOOP)
    if not all(found.faster("hello", LOOP, each) for each in (COLD, WARM)):
        return "no difference seen", seen
    # If one way to run CGI is less than 100 times slower, CGI as such is not 100 times slower.
    less = any(each.low * HUNDRED > 1 for each in ratios)
    less = less or program.rate * HUNDRED > blocked.rate * found.least("blocking")
    return ("conditional" if less else "true"), seen


def _needs_no_threads(found: Found) -> tuple[Verdict, str]:
    waiting = found.of("wait", LOOP)
    seen = (
        f"wait (the app awaits): {found.beside('wait', LOOP)} in {waiting.threads} threads. blocking (the app blocks): "
        f"{found.beside('blocking', LOOP, OURS)}. An async app needs no threads as long as it never blocks."
    )
    return ("conditional" if found.faster("blocking", OURS, LOOP) else "true"), seen


def _make_it_async(found: Found) -> tuple[Verdict, str]:
    blocked = found.of("blocking", LOOP)
    seen = (
        f"blocking, {blocked.connections} clients: {found.beside('blocking', LOOP, FOUR)}. In an async app, a blocking "
        "call of 50 ms stops the whole server, so 20 requests/s is the maximum."
    )
    return _gain(found, "blocking", LOOP, FOUR), seen


def _adapters_slow(found: Found) -> tuple[Verdict, str]:
    (section, native), (_, ours), (_, peer) = (found.row("hello", each) for each in (LOOP, OURS, A2WSGI))
    cpus = [row.figures.cpu for row in (native, ours, peer)]
    known = [cpu for cpu in cpus if cpu is not None]
    if len(known) < len(cpus):
        raise Missing("CPU time in hello")
    failing = found.of("hello", ASGIREF, failing=True)
    rest = "" if not failing.failures else f"; with asgiref, {share(failing.lost_share)} of the requests fail"
    adds = known[1] - known[0]
    costs = section.cost_apart(native, ours)
    seen = (
        f"hello: {micros(known[0])} of CPU per response without an adapter, {micros(known[1])} with ours and "
        f"{micros(known[2])} with a2wsgi{rest}. "
    )
    seen += (
        f"Ours adds {share(adds / 0.005)} to an app that takes 5 ms."
        if costs
        else "Ours makes no measurable difference."
    )
    if not section.cost_apart(native, peer):
        return ("true" if costs else "no difference seen"), seen
    less = section.cost_apart(ours, peer) and adds < 0.5 * (known[2] - known[0])
    return ("conditional" if less or not costs else "true"), seen


def _sync_app_scales(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    streams, room = found.of("idle", OURS), found.of("idle", LOOP)
    seen = (
        f"wait, {loop.connections} clients: {found.beside('wait', OURS, LOOP)}. idle: the sync app holds "
        f"{streams.begun} event streams, the async app {room.begun}. The limit is the number of the app's threads, not "
        f"the server."
    )
    return ("false" if found.faster("wait", LOOP, OURS) else "true"), seen


def _async_app_scales(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    seen = (
        f"wait, {loop.connections} clients: {found.beside('wait', LOOP_BEHIND_THREADS, LOOP)}. Each response occupies "
        "a thread of the server."
    )
    return ("false" if found.faster("wait", LOOP, LOOP_BEHIND_THREADS) else "true"), seen


def _no_websockets(found: Found) -> tuple[Verdict, str]:
    """Return the verdict on "WSGI has no WebSockets". WSGI itself has none, so no figure can refute the claim; the
    figures show whether WebSockets work through the adapters.
    """
    native = found.of("websocket", LOOP)
    bridged, own = _working(found, SOCKETS_BEHIND_THREADS), _working(found, SOCKETS_OF_WSGI)
    seen = (
        f"websocket, {native.connections} clients, messages of the ASGI app: "
        f"{found.beside('websocket', LOOP, *bridged)}. This is true of the interface, but not of an adapter: "
        "ASGIToWSGI takes over the connection from the server, and an open WebSocket holds no thread."
    )
    if own:
        seen += (
            " A WSGI app that takes the server's socket, or the one of WSGIToASGI, holds a thread for each: "
            f"{found.beside('websocket', *own)}."
        )
    return ("conditional" if bridged else "true"), seen.replace("requests", "messages")


def _working(found: Found, contenders: Sequence[str]) -> list[str]:
    """Return the contenders whose WebSockets lose no message."""
    figures = [found.of("websocket", each, failing=True) for each in contenders]
    return [each.entrant.id for each in figures if each.rate and not each.lost_share]


def _threads_do_not_scale(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    streams, of_loop = found.of("idle", MANY), found.of("idle", LOOP)
    seen = (
        f"wait, {loop.connections} clients: {found.beside('wait', MANY, LOOP)}; {found.beside('wait', FOUR)}. "
        f"idle: {streams.entrant.label} holds {streams.begun} streams with {megabytes(streams.memory[1])}, "
        f"{of_loop.entrant.label} {of_loop.begun} with {megabytes(of_loop.memory[1])}. Hundreds of threads work; each "
        f"costs memory, and you must configure the number."
    )
    return ("true" if found.faster("wait", LOOP, MANY) else "conditional"), seen


def _slow_clients(found: Found) -> tuple[Verdict, str]:
    every = [found.of("slow-readers", each) for each in (GTHREAD, FOUR, LOOP)]
    parts = [
        f"{each.entrant.label} responds to {share(1 - each.lost_share)} of the other requests, with "
        f"{megabytes(each.memory[1])}"
        for each in every
    ]
    seen = (
        f"slow-readers: {'; '.join(parts)}. A server that buffers responses frees its threads, at the cost of memory."
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
    ("WSGI cannot do WebSockets.", _no_websockets),
    ("Threads do not scale.", _threads_do_not_scale),
    ("A few slow clients stop a sync server.", _slow_clients),
)
