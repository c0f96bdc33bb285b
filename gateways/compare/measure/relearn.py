"""Learn more about how responses vary while the load runs.

Two responses do not show every variation. For example, a page may list data that other requests create. So if a
contender sends an unexpected body, the request is sent to the first contender again. If the response of the first
contender has changed too, the app's responses vary, and the expected response is widened. This module must not know the
order of measurements.
"""

from collections.abc import Iterable
from dataclasses import replace

from gateways.compare.load.order import Answer, Measured
from gateways.compare.measure.answers import widened
from gateways.compare.measure.bench import Bench
from gateways.compare.plan.scenarios import Scenario
from gateways.compare.question import Question

TIMES = 5
"""Maximum number of times that the first contender gets a request again. Several times are needed for a page in random
order, because the order of two responses may be equal by chance.
"""


def relearn(bench: Bench, scenario: Scenario, measured: Measured) -> bool:
    """Send the requests that got unexpected bodies to the first contender again.

    Return True if its responses have changed. The expected responses are then widened, and the slice must be measured
    again.
    """
    question, reference = bench.question(scenario), bench.references.get(scenario.name)
    if question is None or reference is None or bench.excluded(reference.id, scenario.name):
        return False
    answers = list(question.answers)
    for place in _unexpected(measured):
        number = bench.drawn[scenario.name][place]
        for _ in range(times(scenario, number)):
            answers[place] = again(bench, scenario, number, answers[place])
    if answers == question.answers:
        return False
    bench.record.questions[bench.record.questions.index(question)] = _with(question, answers)
    return True


def times(scenario: Scenario, number: int) -> int:
    """Return how often the first contender gets a request again: only once if the request may change data."""
    is_safe = scenario.mix[number].is_safe if scenario.mix else scenario.request.method == "GET"
    return TIMES if is_safe else 1


def again(bench: Bench, scenario: Scenario, number: int, answer: Answer) -> Answer:
    """Return the expected response to a request of the mix, widened by a new response of the first contender."""
    seen = bench.see(bench.references[scenario.name], scenario, number)
    return widened(answer, bench.bodies.get(answer.sha256 or ""), seen)


def _unexpected(measured: Measured) -> Iterable[int]:
    """Return the numbers of the requests of the mix that got unexpected bodies."""
    each = measured.parts or (measured,)
    return [place for place, part in enumerate(each) if part.failed.keys() & {"body", "length"}]


def _with(question: Question, answers: list[Answer]) -> Question:
    if not question.parts:
        return replace(question, answer=answers[0])
    parts = zip(question.parts, answers, strict=True)
    return replace(question, parts=tuple(replace(part, answer=answer) for part, answer in parts))
