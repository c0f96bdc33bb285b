"""Compare two stacks: send rounds of requests in an order that reveals noise, and judge all responses.

Knows the order of rounds. It must not know how a request is sent, or how responses are judged.

Of the first four rounds, the old stack gets the first and the last. The new stack gets the rounds in between. So a
value that changes with time (a date, a counter, growing data) also changes between the old stack's own responses, and
counts as noise. While differences remain, the old stack gets further rounds, because a varying value may have been
equal twice by chance. If a difference may itself be chance, such as the random order of a set, both stacks get more
rounds, up to a limit (chance.py).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from gateways.diff.answer import Answer, Body
from gateways.diff.ask import Client
from gateways.diff.chance import unsure
from gateways.diff.doubts import doubts
from gateways.diff.facets import content
from gateways.diff.head_lengths import varying_targets, without_lengths
from gateways.diff.judge import Found, Judged, judge, noise
from gateways.diff.known import Known
from gateways.diff.plan import HOST, Plan
from gateways.diff.result import Difference, Result, SentRequest, count_noise, fits, together
from gateways.diff.side import Ports, Running, Site, Stack, messages, reset, running
from gateways.diff.sometimes import irregular, without
from gateways.events.secrets import secrets_in, secrets_of
from gateways.failure import Failure
from gateways.requests.request import Request, from_origin
from gateways.requests.session import Session
from gateways.requests.traffic import summary
from gateways.requests.values import Missing

__all__ = ("HOST", "Plan", "run")

Which = Literal["old", "new"]
ORDER: tuple[Which, ...] = ("old", "new", "new", "old")
MORE = 3
"""Maximum number of further rounds of the old stack. The rounds end early if a round removes no difference, and all
responses of the new stack show the remaining differences. With a buffered stream or a late byte, the rounds do not end
early, because a busy machine delays responses too.
"""

MAX_UNSURE = 8
"""Maximum number of rounds of the old stack while a difference may be chance."""

MAX_NEW = 5
"""Maximum number of rounds of the new stack while a difference may be chance."""

APART = 1.2
"""Minimum time between the starts of two rounds of a stack, in seconds, because a time in whole seconds must change."""

Progress = Callable[[Which, int, int, int], None]
"""Function that shows the progress. Its arguments are the stack, the number of its round (from 1), the number of
finished requests, and the total.
"""


@dataclass(slots=True)
class _Rounds:
    """The responses so far. Each stack has one list per round."""

    answers: dict[Which, list[list[Answer]]] = field(default_factory=lambda: {"old": [], "new": []})
    lines: dict[Which, list[dict[str, str]]] = field(default_factory=lambda: {"old": [], "new": []})
    notes: dict[str, None] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    began: dict[Which, float] = field(default_factory=dict)

    def of(self, which: Which, number: int) -> list[Answer]:
        return [each[number] for each in self.answers[which] if len(each) > number]


def _quiet(_which: Which, _round: int, _done: int, _total: int) -> None:
    pass


def run(plan: Plan, progress: Progress = _quiet) -> Result:
    """Send the requests to both stacks and compare the responses. After Ctrl-C, compare the responses so far.

    Raises:
        Failure: a stack did not start, responded to no request of a round, or the reset failed.
    """
    rounds, ports, interrupted = _Rounds(), Ports(), False
    try:
        for which in ORDER:
            _round(plan, which, rounds, ports, progress)
        if plan.may_repeat:
            _further(plan, rounds, ports, progress)
    except KeyboardInterrupt:
        interrupted = True
    return _result(plan, rounds, interrupted=interrupted)


def _further(plan: Plan, rounds: _Rounds, ports: Ports, progress: Progress) -> None:
    """Send further rounds, as long as they may explain some of the remaining differences."""
    is_repeatable = isinstance(plan.new, Stack) or not plan.traffic.changes_data
    differences, doubtful = _differences(plan, rounds)
    while len(rounds.answers["old"]) < (MAX_UNSURE if doubtful else ORDER.count("old") + MORE):
        if not doubtful and not any(each.is_counted for each in differences):
            return
        _round(plan, "old", rounds, ports, progress)
        # A busy machine may have delayed the response twice.
        was_late = any(each.found.facet == "time" for each in differences)
        if is_repeatable and (was_late or (doubtful and len(rounds.answers["new"]) < MAX_NEW)):
            _round(plan, "new", rounds, ports, progress)
        before = len(differences)
        differences, doubtful = _differences(plan, rounds)
        if len(differences) == before and not doubtful and not any(map(_may_be_chance, differences)):
            return


def _may_be_chance(difference: Difference) -> bool:
    """Return True if only some responses show the difference, or a busy machine may have delayed some responses."""
    return difference.times < difference.asked or difference.found.facet in {"stream", "time"}


def _round(plan: Plan, which: Which, rounds: _Rounds, ports: Ports, progress: Progress) -> None:
    """Send each request once to one stack, in order and one at a time."""
    answers: list[Answer] = []
    rounds.answers[which].append(answers)  # added before the requests, because an interrupted round counts too
    number, requests = len(rounds.answers[which]), plan.requests
    progress(which, number, 0, len(requests))
    if plan.reset is not None:
        reset(plan.reset)
    if which == "old" or isinstance(plan.new, Stack):
        time.sleep(max(0.0, rounds.began.get(which, float("-inf")) + APART - time.monotonic()))
        rounds.began[which] = time.monotonic()
    with (
        running(plan.old if which == "old" else plan.new, plan.host, ports) as stack,
        Client(stack.address) as client,
    ):
        session = Session()
        for request in requests:
            answers.append(_kept(_send(request, session, client, plan, rounds, which), rounds.bodies))
            progress(which, number, len(answers), len(requests))
    # A server may load the app at its start or at the first request, so an app's messages may belong to either. Startup
    # messages of the old stack therefore count as known, and startup messages of the new stack are ignored.
    rounds.lines[which].append(messages(stack.lines if which == "new" else [*stack.starting, *stack.lines]))
    _must_have_answered(plan.old if which == "old" else plan.new, answers, stack)
    if stack.ended:
        rounds.notes[f"{which}: the server exited unexpectedly; its last line of output: {_last(stack)}"] = None


def _must_have_answered(spec: Stack | Site, answers: Sequence[Answer], stack: Running) -> None:
    """Raise Failure if no request got a response, because such a stack cannot be compared."""
    if answers and all(each.status is None for each in answers):
        log = "" if isinstance(spec, Site) else f"; the server's last line: {_last(stack)}"
        raise Failure(f"{spec.label}: no request got a response: {answers[0].problem}{log}")


def _last(stack: Running) -> str:
    return next((line.strip() for line in reversed(stack.lines) if line.strip()), "(no output)")


def _send(request: Request, session: Session, client: Client, plan: Plan, rounds: _Rounds, which: Which) -> Answer:
    origin = f"{'https' if client.address.tls else 'http'}://{client.address.host}"
    prepared = from_origin(session.prepared(request), plan.traffic.host, origin)
    answer = client.ask(prepared, plan.seconds)
    rounds.secrets |= secrets_of((*prepared.headers, *answer.headers, *answer.trailers)) | secrets_in(prepared.target)
    rounds.secrets |= _in_body(prepared.body or b"")
    if answer.body.digest not in rounds.bodies:
        rounds.secrets |= _in_body(content(answer))
    if answer.status is not None:
        try:
            session.learn(request, answer.status, answer.headers, content(answer))
        except Missing as missing:
            rounds.notes[f"{which}: {request.label}: {missing}"] = None
    return answer


SEARCHED = 200_000
"""Maximum number of bytes of a body that are searched for secrets."""


def _in_body(octets: bytes) -> set[str]:
    return secrets_in(octets[:SEARCHED].decode("utf-8", "replace"))


def _kept(answer: Answer, bodies: dict[str, Body]) -> Answer:
    """Return the response. To save memory, equal responses share one body."""
    return replace(answer, body=bodies.setdefault(answer.body.digest, answer.body))


def _differences(plan: Plan, rounds: _Rounds) -> tuple[list[Difference], list[Difference]]:
    """Return the differences that are certain, and the differences that may be chance."""
    pairs = _pairs(plan, rounds)
    names = irregular(olds for olds, _ in pairs)
    targets = varying_targets(zip(plan.requests, (olds for olds, _ in pairs), strict=True))
    is_restarted = isinstance(plan.new, Stack)
    judged: list[list[Judged]] = []
    for number, (request, (olds, new_answers)) in enumerate(zip(plan.requests, pairs, strict=True)):
        found: list[Judged] = []
        if olds and new_answers:
            found = judge(olds, new_answers, is_first=number == 0, is_restarted=is_restarted)
        judged.append(without_lengths(without(found, names), request, targets))
    doubtful: list[list[Judged]] = [[] for _ in judged]
    if isinstance(plan.old, Stack) and isinstance(plan.new, Stack) and any(judged):
        doubtful = [unsure(found, len(olds)) for found, (olds, _) in zip(judged, pairs, strict=True)]
        judged = [
            [each for each in found if each not in doubts] for found, doubts in zip(judged, doubtful, strict=True)
        ]
    return together(judged, plan.ignored), together(doubtful, plan.ignored)


def _pairs(plan: Plan, rounds: _Rounds) -> list[tuple[list[Answer], list[Answer]]]:
    return [(rounds.of("old", number), rounds.of("new", number)) for number in range(len(plan.requests))]


LOG = Known("Each server has its own log messages; look for tracebacks and warnings of the app.", "", is_counted=False)


def _log(rounds: _Rounds) -> list[Difference]:
    """Return one difference for the messages that the new stack logged in every round, and the old stack in none.

    Return an empty list if there are no such messages.
    """
    if not rounds.lines["old"] or not rounds.lines["new"]:
        return []
    first, *others = rounds.lines["new"]
    own = first.keys() & set(first).intersection(*others) - set().union(*rounds.lines["old"])
    if not own:
        return []
    shown = tuple(f"+{line[:200]}" for message, line in first.items() if message in own)[:5]
    return [
        Difference(
            Found("log", "-", "1 other message" if len(own) == 1 else f"{len(own)} other messages", shown),
            (),
            0,
            0,
            LOG,
        )
    ]


def _result(plan: Plan, rounds: _Rounds, *, interrupted: bool) -> Result:
    pairs = _pairs(plan, rounds)
    compared = tuple(
        SentRequest(request.label, request.origin, _statuses(olds), _statuses(new_answers))
        for request, (olds, new_answers) in zip(plan.requests, pairs, strict=True)
        if olds and new_answers
    )
    differences, doubtful = _differences(plan, rounds)
    # The rounds may have ended, at a limit or by Ctrl-C, before these differences were certain.
    differences += [each for each in doubtful if each.times == each.asked]
    if "log" not in plan.ignored:
        differences += _log(rounds)
    firsts = [olds[0] if olds else None for olds, _ in pairs]
    against = doubts(plan.requests, firsts, data_stays=plan.traffic.changes_data and plan.reset is None)
    return Result(
        old=plan.old.words,
        new=plan.new.words,
        asked=compared,
        differences=tuple(differences),
        noise=count_noise(noise(olds) for olds, _ in pairs if len(olds) > 1),
        rounds=(len(rounds.answers["old"]), len(rounds.answers["new"])),
        left_out=tuple(summary(plan.traffic.left_out)),
        notes=(*plan.traffic.notes, *rounds.notes, *against, *_rare(doubtful, plan), *_unused(plan, rounds)),
        interrupted=interrupted,
        strict=plan.strict,
        secrets=frozenset(rounds.secrets),
    )


def _rare(doubtful: Sequence[Difference], plan: Plan) -> Iterator[str]:
    """Yield a sentence for each difference that may be chance, and that only some responses show."""
    for each in doubtful:
        if each.times < each.asked:
            label, change = plan.requests[each.requests[0]].label, f"{each.found.old} → {each.found.new}"
            yield (
                f"{label}: {each.found.facet} differs in {each.times} of {each.asked} responses of the new stack "
                f"({change}), which may be chance, and does not count"
            )


def _unused(plan: Plan, rounds: _Rounds) -> list[str]:
    """Return a sentence for each ignored pattern that matches no difference."""
    if not plan.ignored:
        return []
    everything = replace(plan, ignored=())
    found = {each.found.facet for part in _differences(everything, rounds) for each in part}
    found |= {each.found.facet for each in _log(rounds)}
    return [
        f"--ignore {each} matches no difference"
        for each in plan.ignored
        if not any(fits(facet, each) for facet in found)
    ]


def _statuses(answers: Sequence[Answer]) -> tuple[int | None, ...]:
    return tuple(each.status for each in answers)
