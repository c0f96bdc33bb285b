"""The table of scenarios."""

import pytest

from gateways.compare.plan.scenarios import SCENARIOS, USUAL, Scenario, of_path


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_each_scenario_describes_its_purpose_in_one_sentence(scenario: Scenario) -> None:
    assert 20 < len(scenario.reveals) < 110
    assert not scenario.reveals.endswith(".")


def test_waits_are_compared_with_few_and_with_many_clients() -> None:
    assert set(USUAL) <= set(SCENARIOS)
    wait = SCENARIOS["wait"]
    assert sorted({*wait.connections, *wait.more}) == [1, 16, 200, 1000]
    assert SCENARIOS["websocket"].without == ("cgi", "wsgi", "wsgi-on-asgi")


def test_a_path_is_a_scenario() -> None:
    assert of_path("/shop?a=1").request.target == "/shop?a=1"
