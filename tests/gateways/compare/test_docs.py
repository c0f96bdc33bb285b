"""docs/compare.md and docs/compare-schema.md agree with the code."""

import re
from dataclasses import fields
from pathlib import Path

import click

from gateways.cli.compare import compare
from gateways.compare.judge.reasons import REASONS
from gateways.compare.load.order import HISTOGRAMS, Answer, Measured
from gateways.compare.machine import Machine, Placement, Resources
from gateways.compare.plan.contender import ADAPTERS, MODES
from gateways.compare.plan.effort import EFFORTS
from gateways.compare.plan.scenarios import SCENARIOS, Scenario
from gateways.compare.plan.servers import SERVERS
from gateways.compare.question import MixRequest, Question
from gateways.compare.record import SCHEMA, Cell, Entrant, Exclusion, Record
from gateways.compare.show.columns import COLUMNS

DOCS = Path(__file__).parents[3] / "docs"
PAGE, SCHEMA_PAGE = ((DOCS / name).read_text() for name in ("compare.md", "compare-schema.md"))


def table(heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading."""
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, heading
    rows = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[0].splitlines()[2:]]


def clients(scenario: Scenario) -> str:
    more = f" ({', '.join(f'{number:,}' for number in scenario.more)} too)" if scenario.more else ""
    return ", ".join(f"{number:,}" for number in scenario.connections) + more


def test_every_scenario_is_documented_with_its_request() -> None:
    assert table("Scenarios") == [
        [f"`{each.name}`", f"`{each.request.method} {each.request.target}`", clients(each), each.reveals]
        for each in SCENARIOS.values()
    ]


def test_every_column_is_documented() -> None:
    assert table("Columns") == [[name, meaning] for name, meaning in COLUMNS.items()]


def test_every_doubt_is_documented_with_its_remedy() -> None:
    assert table("Doubts") == [[f"`{name}`", means, remedy] for name, (means, remedy) in REASONS.items()]


def test_every_mode_is_documented_with_its_servers_and_adapters() -> None:
    rows = {row[0].strip("`"): row[1:] for row in table("What is compared")}
    assert tuple(rows) == MODES
    for mode, interface in (("wsgi", "wsgi"), ("asgi", "asgi")):
        names = [name for name, server in SERVERS.items() if server.speaks == interface]
        assert rows[mode][0] == ", ".join(names)
    for (mode, _), adapters in ADAPTERS.items():
        assert re.findall(r"`(\w+)`", rows[mode][1]) == [adapter.name for adapter in adapters]


def test_every_option_is_documented() -> None:
    told = set(re.findall(r"`(--[\w-]+)`", PAGE))
    options = {name for each in compare.params if isinstance(each, click.Option) for name in each.opts}
    assert options - {"--help", "--debug"} == told


def test_the_numbers_of_rounds_are_documented() -> None:
    rounds = [EFFORTS[name].starts * EFFORTS[name].rounds for name in ("usual", "quick", "thorough")]
    assert "Default: {}. `--quick`: {}. `--thorough`: {},".format(*rounds) in PAGE


def test_every_key_of_the_file_is_documented() -> None:
    assert SCHEMA_PAGE.count(SCHEMA) == 2
    of = (Record, Machine, Placement, Resources, Entrant, Exclusion, Question, MixRequest, Answer, Cell, Measured)
    told = set(re.findall(r"`(\w+)`", SCHEMA_PAGE))
    keys = {each.name for cls in of for each in fields(cls)}
    assert keys - told == set()
    assert {"missing", "total", "buckets", "schema"} <= told
    assert re.findall(r"^\| `(\w+)` \|", SCHEMA_PAGE.partition("`measured` has these keys")[2], re.MULTILINE)[-5:] == [
        *HISTOGRAMS
    ]
