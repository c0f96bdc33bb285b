"""Asks every contender every question once or twice before anything is timed, and leaves out who does not answer it."""

from collections.abc import Sequence
from dataclasses import replace

from gateways.compare.load.order import Answer
from gateways.compare.measure.answers import Given, expected, unequal, unusable
from gateways.compare.measure.bench import Bench, Entry
from gateways.compare.plan.scenarios import Scenario
from gateways.compare.record import Question
from gateways.failure import Failure


def check(bench: Bench, scenario: Scenario, contenders: Sequence[Entry]) -> None:
    """Find out what the answer is: the first contender's that has one. The servers are up.

    Raises:
        Failure: no contender gives an answer that can be timed, and nothing has been measured before.
    """
    bench.listener.now("asks for the same answer", scenario.name)
    asked = bench.left([each for each in contenders if not each.twin], scenario)
    if contenders and not asked and bench.record.empty:
        raise Failure(f"no contender is left: {bench.record.exclusions[0].why}")
    answer: Answer | None = None
    refused = ""
    for each in asked:
        if scenario.needs_websocket:
            why = _websocket(bench, each, scenario)
        else:
            given = _given(bench, each, scenario)
            bench.alone[scenario.name, each.id] = min(given.first.seconds, given.second.seconds)
            why = unusable(given, scenario.expect) or (unequal(given, answer) if answer else "")
            answer = answer or (None if why else expected(given))
        if why:
            bench.exclude(each.id, scenario.name, why)
            refused = why
    for each in contenders:  # a twin is where the other is
        if each.twin and bench.excluded(each.id.removesuffix("#2"), scenario.name):
            bench.exclude(each.id, scenario.name, "the other is not compared either")
    behind = scenario.behind.connections if scenario.behind else 0
    question = (scenario.name, scenario.reveals, scenario.asks, scenario.load, scenario.service)
    bench.record.questions.append(Question(*question, behind, answer))
    if asked and not bench.left(asked, scenario) and bench.record.empty:
        raise Failure(f"{scenario.request.target} has no answer that can be timed: {refused}")


def _given(bench: Bench, contender: Entry, scenario: Scenario) -> Given:
    first = bench.see(contender, scenario)
    # The reference app's long answers do not vary, and take long.
    return Given(contender.id, first, first if scenario.load == "long" else bench.see(contender, scenario))


def _websocket(bench: Bench, contender: Entry, scenario: Scenario) -> str:
    """Does it echo?"""
    measured = bench.client.measure(replace(bench.order(contender, scenario), seconds=0.05))
    if measured.answered:
        return ""
    return f"it echoes no message: {measured.examples[0] if measured.examples else 'it is silent'}"
