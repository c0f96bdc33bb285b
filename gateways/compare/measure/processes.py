"""Learn how responses vary between processes of one server.

The order of a set of classes depends on memory addresses. The order is constant in one process, and may differ in
another process. So if a contender sends an unexpected body, the first contender is started again, with other memory
addresses. The expected responses are then widened by the responses of the new process. This module must not know the
order of measurements.
"""

from dataclasses import replace

from gateways.compare.load.order import Answer
from gateways.compare.measure.answers import widened
from gateways.compare.measure.bench import Bench
from gateways.compare.plan.contender import Contender
from gateways.compare.plan.scenarios import Scenario

PROCESSES = 5
"""Maximum number of times that the first contender is started again for a scenario. If a set has two classes, the
probability that all these processes have the order of the first one is 3 %."""


def widen_by_process(bench: Bench, scenario: Scenario, answers: dict[int, Answer]) -> bool:
    """Start the first contender again, send the safe requests, and widen the expected responses by its responses.

    Return False if that is impossible or useless: this command did not start the server, the contender is a CGI
    program, the app is not the user's, the server does not start, or it refuses another login.
    """
    reference = bench.references[scenario.name]
    if not isinstance(reference, Contender) or reference.mode == "cgi" or scenario.role != "app":
        return False
    bench.listener.now("starting the first contender again, because responses may vary by process", scenario.name)
    again = replace(
        bench,
        target=replace(bench.target, varied=True),
        part="varied",
        reset="",  # the other servers are running, and may use the same data
        record=replace(bench.record, exclusions=[]),
        running={},
        sessions={},
    )
    with again.up([reference], scenario):
        if again.left([reference], scenario) and scenario.stateful:
            again.log_in(reference, scenario)
        if not again.left([reference], scenario):
            return False
        for number, answer in answers.items():
            if not scenario.mix or scenario.mix[number].is_safe:
                seen = again.see(reference, scenario, number)
                answers[number] = widened(answer, bench.bodies.get(answer.sha256 or ""), seen)
    return True
