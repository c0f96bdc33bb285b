"""Check the responses before the load. Each contender gets each request once or twice.

A contender whose responses differ is excluded. In a mix, a request is left out if even the first contender has no valid
response to it. Such a request is, for example, a broken link in a log, and shows no difference between servers.
"""

import base64
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from gateways.compare.load.order import Answer, Seen
from gateways.compare.measure.answers import Given, expected, unequal, unusable, without
from gateways.compare.measure.bench import Bench, Entry
from gateways.compare.measure.processes import PROCESSES, widen_by_process
from gateways.compare.measure.relearn import again, times
from gateways.compare.measure.sessions import ended
from gateways.compare.plan.scenarios import Scenario
from gateways.compare.question import MixRequest, Question
from gateways.failure import Failure
from gateways.requests.request import Request as Recorded

TICK = 1.05
"""Minimum time between two responses of a user's app, in seconds. A timestamp in whole seconds then differs."""


@dataclass
class _Found:
    """The expected responses by the number of the request, and the requests that are left out, with reasons.

    processes: how often the first contender may still be started again, to learn how its responses vary.
    """

    answers: dict[int, Answer] = field(default_factory=dict)
    out: dict[int, str] = field(default_factory=dict)
    processes: int = PROCESSES


def check(bench: Bench, scenario: Scenario, contenders: Sequence[Entry]) -> None:
    """Set the expected responses to those of the first contender with valid responses. The servers must be running.

    Raises:
        Failure: no contender has a response that can be measured, and nothing was measured before.
    """
    bench.listener.now("verifying the responses", scenario.name)
    checked = bench.left([each for each in contenders if not each.twin], scenario)
    if contenders and not checked and bench.record.empty:
        raise Failure(f"no contender can be measured: {bench.record.exclusions[0].why}")
    found = _Found()
    if scenario.needs_websocket:
        problems = {each.id: _websocket(bench, each, scenario) for each in checked}
    else:
        problems = _answers(bench, scenario, checked, found)
    for contender, why in problems.items():
        if why:
            bench.exclude(contender, scenario.name, why)
    for each in contenders:  # a twin is excluded together with its original
        if each.twin and bench.excluded(each.id.removesuffix("#2"), scenario.name):
            bench.exclude(each.id, scenario.name, "the first run of this contender is not compared")
    _record(bench, scenario, found)
    if checked and not bench.left(checked, scenario) and bench.record.empty:
        why = next(why for why in reversed(problems.values()) if why)
        raise Failure(f"{scenario.asks.partition(' ')[2]} has no response that can be measured: {why}")


def _record(bench: Bench, scenario: Scenario, found: _Found) -> None:
    """Record the question, with the expected responses."""
    several = len(scenario.mix) > 1
    parts = [
        MixRequest(scenario.mix[number].label, scenario.mix[number].weight, answer)
        for number, answer in sorted(found.answers.items())
        if several
    ]
    bench.drawn[scenario.name] = sorted(found.answers) if several else [0]
    bench.record.questions.append(
        Question(
            scenario.name,
            scenario.reveals,
            scenario.asks,
            scenario.load,
            scenario.service,
            scenario.behind.connections if scenario.behind else 0,
            None if several else found.answers.get(0),
            scenario.headline,
            scenario.role,
            scenario.small,
            tuple(parts),
            tuple(f"{scenario.mix[number].label}: {why}" for number, why in sorted(found.out.items())),
        )
    )


def _answers(bench: Bench, scenario: Scenario, checked: Sequence[Entry], found: _Found) -> dict[str, str]:
    """Send all requests to all contenders. For each contender that cannot be compared, return the reason."""
    given = _given(bench, scenario, checked)
    problems: dict[str, str] = {}
    for each in checked:
        own = given[each.id]
        if found.answers:
            problems[each.id] = _as_others(bench, scenario, own, found)
        else:
            problems[each.id] = _first(scenario, own, found)
            bench.references[scenario.name] = each
            bench.bodies |= {of.first.sha256: base64.b64decode(of.first.body) for of in own.values() if of.first.body}
            _ask_once_more(bench, scenario, found)
            _leave_out_session(bench, each, own, found)
            _leave_out_other_session(bench, scenario, each, found)
        compared = [own[number] for number in found.answers if number in own] or list(own.values())
        alone = max((min(of.first.seconds, of.second.seconds) for of in compared), default=0.0)
        bench.alone[scenario.name, each.id] = alone
    return problems


def _first(scenario: Scenario, given: Mapping[int, Given], found: _Found) -> str:
    """Set the expected responses from the responses of the first contender. Return the reason if that is impossible,
    else "".
    """
    out = {number: "it ends the session" for number in range(len(scenario.mix)) if number not in given}
    for number, own in given.items():
        expect = scenario.mix[number].expect if scenario.mix else scenario.expect
        recorded = scenario.mix[number].recorded if scenario.mix else None
        why = unusable(own, expect or recorded if own.first.status == recorded else expect)
        if why:
            out[number] = why
    if not given.keys() - out.keys():
        return out[min(out)]
    found.out = out
    found.answers = {number: expected(own) for number, own in given.items() if number not in out}
    return ""


def _leave_out_session(bench: Bench, contender: Entry, given: Mapping[int, Given], found: _Found) -> None:
    """Remove the cookies and `take` values of the first contender's session from the expected responses."""
    session = bench.sessions.get(contender.id)
    if session is None:
        return
    values = [*session.values.values(), *session.jar.everything().values()]
    for number, answer in found.answers.items():
        found.answers[number] = without(answer, given[number].first, values)


def _leave_out_other_session(bench: Bench, scenario: Scenario, contender: Entry, found: _Found) -> None:
    """Remove from the expected responses all values that differ in a second session of the first contender (tokens)."""
    if scenario.login and scenario.mix and bench.log_in_again(contender, scenario):
        for number, answer in found.answers.items():
            found.answers[number] = again(bench, scenario, number, answer)


def _as_others(bench: Bench, scenario: Scenario, given: Mapping[int, Given], found: _Found) -> str:
    """Compare the responses of a further contender with the expected responses. Return the reason if the contender
    cannot be compared, else "".
    """
    for number, answer in list(found.answers.items()):
        if number not in given:
            continue  # this response ends the session of this contender only
        own = given[number]
        why = unusable(own, answer.status) or _differs(bench, scenario, number, own, found)
        if why:
            return f"{own.request}: {why}" if len(given) > 1 else why
    return ""


def _differs(bench: Bench, scenario: Scenario, number: int, own: Given, found: _Found) -> str:
    """Return a text that says how the responses differ from the expected response, or "".

    If they differ, send the request to the first contender again, and widen the expected response by its new response.
    Repeat this a limited number of times. Then start the first contender again, and do the same.
    """
    for _ in range(times(scenario, number)):
        if not unequal(own, found.answers[number]):
            return ""
        found.answers[number] = again(bench, scenario, number, found.answers[number])
    while found.processes and unequal(own, found.answers[number]):
        found.processes = found.processes - 1 if widen_by_process(bench, scenario, found.answers) else 0
    return unequal(own, found.answers[number])


def _given(bench: Bench, scenario: Scenario, checked: Sequence[Entry]) -> dict[str, dict[int, Given]]:
    """Return the first and second response of each contender to each request, except those that end the session.

    Every contender gets the same requests. Only the response to a request shows that the request ends the session. In
    that case, all other requests are sent again.
    """
    known = frozenset(bench.logouts)
    first = _seen(bench, checked, scenario, known)
    if bench.logouts != known:
        first = _seen(bench, checked, scenario, bench.logouts)
    since = time.monotonic()
    # The long responses of the reference app do not vary, so a second request is not needed.
    second = first
    if scenario.load != "long":
        if scenario.role == "app":
            time.sleep(max(0.0, TICK - (time.monotonic() - since)))
        second = _seen(bench, checked, scenario, bench.logouts, backwards=True)
    labels = [each.label for each in scenario.mix] or [scenario.asks]
    return {
        each.id: {
            number: Given(each.id, first[each.id][number], seen, request=labels[number])
            for number, seen in sorted(second[each.id].items())
        }
        for each in checked
    }


def _seen(
    bench: Bench, checked: Sequence[Entry], scenario: Scenario, out: AbstractSet[Recorded], *, backwards: bool = False
) -> dict[str, dict[int, Seen]]:
    """Return the responses of each contender to all requests except `out`, in their order. After a logout, a new
    session begins.

    All contenders get one request before any of them gets the next. The contenders may share a database, which requests
    change. So the data for a page is the same for all contenders.

    backwards: send the requests in reverse order, and to the last contender first. Then a response that depends on
    earlier requests differs from the first response, as it will under load.
    """
    found: dict[str, dict[int, Seen]] = {each.id: {} for each in checked}
    step = -1 if backwards else 1
    for number in range(max(1, len(scenario.mix)))[::step]:
        recorded = scenario.mix[number] if scenario.mix else None
        if recorded in out:
            continue
        for each in checked[::step]:
            seen = bench.see(each, scenario, number)
            if recorded is not None and ended(bench.sessions[each.id], recorded, seen):
                bench.logouts.add(recorded)
                bench.log_in(each, scenario)
                continue
            found[each.id][number] = seen
    return found


def _ask_once_more(bench: Bench, scenario: Scenario, found: _Found) -> None:
    """Send the safe requests to the first contender once more, if other requests of the mix may change data.

    The data is now as the last request in reverse order has left it, so these pages may differ.
    """
    if all(each.is_safe for each in scenario.mix):
        return
    for number, answer in found.answers.items():
        if scenario.mix[number].is_safe:
            found.answers[number] = again(bench, scenario, number, answer)


def _websocket(bench: Bench, contender: Entry, scenario: Scenario) -> str:
    """Return the reason if the server does not echo messages, else ""."""
    measured = bench.client.measure(replace(bench.order(contender, scenario), seconds=0.05))
    if measured.answered:
        return ""
    return f"it does not echo messages: {measured.examples[0] if measured.examples else 'no data'}"
