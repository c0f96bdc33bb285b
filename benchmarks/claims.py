"""Common claims about CGI, WSGI and ASGI, with the figures that prove, refute or limit each claim. Pure.

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
"""Range of the seconds between received blocks if the server does not buffer. The app sends a block every 50 ms."""
NOTABLE = 1.1
"""Maximum relative speed that counts as the cost of an adapter, for an app that computes for some milliseconds."""
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


def _ratio(ratio: float) -> str:
    return as_many(ratio).replace(" as many", "")


Judge = Callable[[Found], tuple[Verdict, str]]


def _always_faster(found: Found) -> tuple[Verdict, str]:
    best = {name: [found.all_of(name, mode)[0].entrant.id for mode in ("wsgi", "asgi")] for name in ("hello", "wait")}
    seen = (
        f"In `hello`, the highest rates are {found.beside('hello', *best['hello'])}. In `wait` with "
        f"{found.of('wait', LOOP).connections} clients, they are {found.beside('wait', *best['wait'])}. With few "
        f"threads, the rate is only {found.beside('wait', FOUR)}. So async helps an app that waits, if the server has "
        f"few threads. For other apps, the choice of the server matters more."
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
        f"{best.entrant.label} is {number(factor)} times as fast as {worst.entrant.label}"
        for best, worst, factor in spread.values()
    ]
    tie = not found.faster("hello", *(each.entrant.id for each in bests))
    seen = (
        f"In `hello`, {', and '.join(parts)}. The fastest servers of the two interfaces differ by a factor of "
        f"{number(between)}"
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
        f"In `cpu`, the same server runs an ASGI app and a WSGI app. The rates are "
        f"{found.beside('cpu', LOOP, OURS)}. On a WSGI server, the rate is {found.beside('cpu', FOUR)}. Each server "
        f"runs on one core."
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
        f"In `stream`, the app sends a block every 50 ms. Blocks arrive every {duration(few.gap.p50)} from "
        f"{few.entrant.label}, and every {duration(many.gap.p50)} from {many.entrant.label}. But each stream holds a "
        f"thread. With {few.connections} clients, the median time to the first byte is "
        f"{duration(few.first_byte.p50)} with {few.entrant.label}, and {duration(many.first_byte.p50)} with "
        f"{many.entrant.label}."
    )
    return ("false" if as_made else "conditional"), seen


def _hundred_times(found: Found) -> tuple[Verdict, str]:
    rows = [found.row("hello", each) for each in (COLD, WARM)]
    ratios = [row.ratio for _, row in rows if row.ratio]
    costs = [row.cpu_ratio for _, row in rows if row.cpu_ratio]
    if rows[0][0].reference != LOOP or len(ratios) < len(rows) or len(costs) < len(rows):
        raise Missing(f"ratios to {LOOP} in hello")
    loop = found.of("hello", LOOP).entrant.label
    cpus = [
        f"{micros(row.figures.cpu)} with {row.figures.entrant.label} ({times(cost.value)} times that of {loop})"
        for (_, row), cost in zip(rows, costs, strict=True)
    ]
    cold, warm = (
        f"throughput of {row.figures.entrant.label} is {_ratio(row.ratio.value)} that of {loop}"
        for _, row in rows
        if row.ratio
    )
    seen = (
        f"In `hello`, the {cold}. The {warm}. The CPU time per response is {together(cpus)}. In `blocking`, the "
        f"rates are {found.beside('blocking', COLD, LOOP)}. Starting a process takes much longer than a hello "
        f"response, but it hardly matters for a report that takes a second."
    )
    program, blocked = found.of("blocking", COLD), found.of("blocking", LOOP)
    if not all(found.faster("hello", LOOP, each) for each in (COLD, WARM)):
        return "no difference seen", seen
    # The claim is true in some cases only if one way to run CGI is less than 100 times slower.
    less = any(each.low * HUNDRED > 1 for each in ratios)
    less = less or program.rate * HUNDRED > blocked.rate * found.least("blocking")
    return ("conditional" if less else "true"), seen


def _needs_no_threads(found: Found) -> tuple[Verdict, str]:
    waiting = found.of("wait", LOOP)
    seen = (
        f"In `wait`, the app awaits, and reaches {found.beside('wait', LOOP)}, in {waiting.threads} threads. In "
        f"`blocking`, the app blocks, and reaches {found.beside('blocking', LOOP, OURS)}. An async app needs no "
        f"threads if it never blocks."
    )
    return ("conditional" if found.faster("blocking", OURS, LOOP) else "true"), seen


def _make_it_async(found: Found) -> tuple[Verdict, str]:
    blocked = found.of("blocking", LOOP)
    seen = (
        f"In `blocking` with {blocked.connections} clients, the rates are {found.beside('blocking', LOOP, FOUR)}. In "
        "an async app, a blocking call of 50 ms stops the whole server, so 20 requests/s is the maximum."
    )
    return _gain(found, "blocking", LOOP, FOUR), seen


def _adapters_slow(found: Found) -> tuple[Verdict, str]:
    (section, native), (_, ours), (_, peer) = (found.row("hello", each) for each in (LOOP, OURS, A2WSGI))
    cpus = [row.figures.cpu for row in (native, ours, peer)]
    known = [cpu for cpu in cpus if cpu is not None]
    if len(known) < len(cpus):
        raise Missing("CPU time in hello")
    failing = found.of("hello", ASGIREF, failing=True)
    rest = "" if not failing.failures else f" With asgiref, {share(failing.lost_share)} of the requests fail."
    adds = known[1] - known[0]
    costs = section.cost_apart(native, ours)
    seen = (
        f"In `hello`, the CPU time per response is {micros(known[0])} without an adapter, {micros(known[1])} with our "
        f"adapter and {micros(known[2])} with a2wsgi.{rest} "
    )
    seen += (
        f"Our adapter adds {share(adds / 0.005)} to the CPU time of an app that takes 5 ms."
        if costs
        else "Our adapter makes no measurable difference."
    )
    if not section.cost_apart(native, peer):
        return ("true" if costs else "no difference seen"), seen
    less = section.cost_apart(ours, peer) and adds < 0.5 * (known[2] - known[0])
    return ("conditional" if less or not costs else "true"), seen


def _sync_app_scales(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    streams, room = found.of("idle", OURS), found.of("idle", LOOP)
    seen = (
        f"In `wait` with {loop.connections} clients, the rates are {found.beside('wait', OURS, LOOP)}. In `idle`, the "
        f"sync app holds {streams.held} event streams, and the async app {room.held}. The limit is the number of the "
        f"app's threads, not the server."
    )
    return ("false" if found.faster("wait", LOOP, OURS) else "true"), seen


def _async_app_scales(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    seen = (
        f"In `wait` with {loop.connections} clients, the rates are {found.beside('wait', LOOP_BEHIND_THREADS, LOOP)}. "
        "Each response holds a thread of the server."
    )
    return ("false" if found.faster("wait", LOOP, LOOP_BEHIND_THREADS) else "true"), seen


def _no_websockets(found: Found) -> tuple[Verdict, str]:
    """Return the verdict on "WSGI has no WebSockets", and the figures of WebSockets through the adapters.

    These figures cannot refute the claim, because WSGI itself has no WebSockets.
    """
    native = found.of("websocket", LOOP)
    bridged, own = _working(found, SOCKETS_BEHIND_THREADS), _working(found, SOCKETS_OF_WSGI)
    seen = (
        "This is true of the interface, but not with an adapter. ASGIToWSGI takes over the connection from the server, "
        f"and an open WebSocket holds no thread. In `websocket` with {native.connections} clients, an ASGI app reaches "
        f"{found.beside('websocket', LOOP, *bridged)}."
    )
    if own:
        seen += (
            " A WSGI app can also use a WebSocket, through the socket of the server or of WSGIToASGI. It then holds a "
            f"thread for each WebSocket, and reaches {found.beside('websocket', *own)}."
        )
    return ("conditional" if bridged else "true"), seen.replace("requests", "messages")


def _working(found: Found, contenders: Sequence[str]) -> list[str]:
    """Return the contenders that lose no WebSocket message."""
    figures = [found.of("websocket", each, failing=True) for each in contenders]
    return [each.entrant.id for each in figures if each.rate and not each.lost_share]


def _threads_do_not_scale(found: Found) -> tuple[Verdict, str]:
    loop = found.of("wait", LOOP)
    streams, of_loop = found.of("idle", MANY), found.of("idle", LOOP)
    seen = (
        f"In `wait` with {loop.connections} clients, the rates are {found.beside('wait', MANY, LOOP)}. With few "
        f"threads, the rate is {found.beside('wait', FOUR)}. In `idle`, {streams.entrant.label} holds {streams.held} "
        f"streams in {megabytes(streams.memory[1])} of memory, and {of_loop.entrant.label} holds {of_loop.held} in "
        f"{megabytes(of_loop.memory[1])}. Hundreds of threads work, but each thread needs memory, and you must "
        f"configure the number of threads."
    )
    return ("true" if found.faster("wait", LOOP, MANY) else "conditional"), seen


def _slow_clients(found: Found) -> tuple[Verdict, str]:
    every = [found.of("slow-readers", each) for each in (GTHREAD, FOUR, LOOP)]
    parts = [
        f"{share(1 - each.lost_share)} with {each.entrant.label} (memory: {megabytes(each.memory[1])})"
        for each in every
    ]
    seen = (
        "In `slow-readers`, other clients send requests at the same time. The share of these requests that get a "
        f"response is {together(parts)}. A server that buffers responses frees its threads, but needs more memory."
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
    ("A sync app on an async server scales like an async app.", _sync_app_scales),
    ("An async app on a sync server still scales.", _async_app_scales),
    ("WSGI cannot do WebSockets.", _no_websockets),
    ("Threads do not scale.", _threads_do_not_scale),
    ("A few slow clients stop a sync server.", _slow_clients),
)
