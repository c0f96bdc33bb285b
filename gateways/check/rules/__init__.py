"""Table of the rules. Each kind of observation has a function that returns advice for a move. Pure.

A rule returns None if the observation does not matter for the move. To add a rule, add one function and one row.
"""

from collections.abc import Callable, Iterable

from gateways.check.finding import Advice, Finding, Seen
from gateways.check.move import Move
from gateways.check.rules import body, framework, lifetime, place, protocol, threads, websockets

Rule = Callable[[Seen, Move], Advice | None]

RULES: dict[str, Rule] = {
    "breach": protocol.breach,
    "hop-by-hop": protocol.hop_by_hop,
    "extension": protocol.extension,
    "unsafe-global": threads.unsafe_global,
    "thread-local": threads.thread_local,
    "signal-handler": threads.signal_handler,
    "blocked-loop": threads.blocked_loop,
    "lifespan": lifetime.lifespan,
    "background": lifetime.background,
    "thread-at-import": lifetime.thread_at_import,
    "stream": body.stream,
    "upload": body.upload,
    "relative-path": place.relative_path,
    "environment": place.environment,
    "shown-environment": place.shown_environment,
    "conn-max-age": framework.conn_max_age,
    "async-middleware": framework.async_middleware,
    "websocket-extension": websockets.extension,
    "websocket-route": websockets.route,
}


def judged(seen: Iterable[Seen], move: Move) -> list[Finding]:
    """Return the findings for a move, in the order of the table.

    A rule reports each pair of place and title once. Breaches, and observations without a place, are compared by place
    and message.
    """
    order = {kind: number for number, kind in enumerate(RULES)}
    found: dict[tuple[str, str, str], Finding] = {}
    for each in seen:
        advice = RULES[each.kind](each, move)
        if advice is not None:
            key = (each.kind, str(each.place), advice.title if each.place and each.kind != "breach" else each.message)
            found.setdefault(key, Finding(each.kind, each, advice))
    return sorted(found.values(), key=lambda finding: order[finding.rule])
