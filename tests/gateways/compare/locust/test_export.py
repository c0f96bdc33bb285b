"""Scenarios as a locustfile: the text. tests/real/test_compare_locust_export.py runs it with locust."""

import ast

import pytest

from gateways.compare.load.order import Request
from gateways.compare.locust.export import HERE, command, locustfile
from gateways.compare.measure.remote import site
from gateways.compare.plan.scenarios import SCENARIOS, Scenario, of_path, of_traffic
from gateways.failure import Failure
from gateways.requests.request import Request as Recorded
from gateways.requests.traffic import Traffic

BLUE = site("blue=https://blue.example.org/app/")


def classes(text: str) -> dict[str, dict[str, object]]:
    """Return the attributes of each scenario's class."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.bases and ast.unparse(node.bases[0]) == "Verified":
            found[node.name] = {
                ast.unparse(each.targets[0]): ast.literal_eval(each.value)
                for each in node.body
                if isinstance(each, ast.Assign)
            }
    return found


def test_there_is_a_class_for_each_scenario() -> None:
    found = classes(locustfile(HERE, [SCENARIOS["hello"], SCENARIOS["upload"]], "x.py"))
    assert found == {
        "Hello": {"(method, path, body)": ("GET", "/hello", 0)},
        "Upload": {"(method, path, body)": ("POST", "/upload", 10_000_000), "in_pieces": True},
    }


def test_paths_are_below_the_path_of_the_url() -> None:
    text = locustfile(BLUE, [of_path("/items?a='\"")], "x.py")
    assert classes(text) == {"Path": {"(method, path, body)": ("GET", "/app/items?a='\"", 0)}}
    assert 'host = "https://blue.example.org:443"' in text


def test_headers_are_sent() -> None:
    made = Scenario("odd", "what it costs", Request("/", headers=(("X-A", "b"),)))
    assert classes(locustfile(HERE, [made], "x.py"))["Odd"]["headers"] == {"X-A": "b"}


def test_the_file_contains_the_command_that_runs_it() -> None:
    line = command([SCENARIOS["hello"]], "a file.py")
    assert line == (
        "locust -f 'a file.py' --headless --users 64 --spawn-rate 64 --run-time 20s --json-file stats Hello"
    )
    assert line in locustfile(HERE, [SCENARIOS["hello"]], "a file.py")


def test_the_file_is_independent_of_this_project_and_its_tools() -> None:
    text = locustfile(HERE, [SCENARIOS["hello"]], "x.py")
    assert "import gateways" not in text
    assert "from gateways" not in text
    assert "{" not in text.split('"""')[1]
    assert "noqa" not in text
    assert "type: ignore" not in text


@pytest.mark.parametrize("name", ["idle", "slow-readers", "websocket"])
def test_scenarios_that_plain_locust_cannot_run_are_refused(name: str) -> None:
    with pytest.raises(Failure, match=f"{name} needs .* use --engine locust"):
        locustfile(HERE, [SCENARIOS[name]], "x.py")


@pytest.mark.parametrize(
    "traffic",
    [
        Traffic((Recorded("GET", "/a"), Recorded("GET", "/b"))),
        Traffic((Recorded("POST", "/a", body=b"x"),)),
        Traffic((Recorded("GET", "/a"),), login=(Recorded("GET", "/login"),)),
    ],
    ids=["two requests", "a POST", "a login"],
)
def test_requests_that_the_file_could_not_send_are_refused(traffic: Traffic) -> None:
    with pytest.raises(Failure, match="only one GET request, without a login"):
        locustfile(HERE, [of_traffic(traffic)], "x.py")
