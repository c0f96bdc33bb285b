"""The table of scenarios."""

import pytest

from gateways.compare.plan.scenarios import SCENARIOS, USUAL, Scenario, by_routes, of_path


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_each_scenario_describes_its_purpose_in_one_sentence(scenario: Scenario) -> None:
    assert 20 < len(scenario.reveals) < 110
    assert not scenario.reveals.endswith(".")


def test_waits_are_compared_with_few_and_with_many_clients() -> None:
    assert set(USUAL) <= set(SCENARIOS)
    wait = SCENARIOS["wait"]
    assert sorted({*wait.connections, *wait.more}) == [1, 16, 200, 1000]
    assert SCENARIOS["websocket"].without == ("cgi",)


def test_scenarios_are_grouped_by_the_form_of_the_app_that_they_need() -> None:
    names = ("websocket", "hello", "download", "wait")
    groups = by_routes(SCENARIOS[name] for name in names)
    assert [[each.name for each in group] for group in groups] == [["hello", "wait"], ["websocket", "download"]]
    assert by_routes([]) == []


def test_a_path_is_a_scenario() -> None:
    assert of_path("/shop?a=1").request.target == "/shop?a=1"
