"""Reports about running servers, and about load from several machines."""

from collections.abc import Sequence
from typing import Any

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.doubts import doubts
from gateways.compare.machine import Resources
from gateways.compare.measure.remote import site
from gateways.compare.record import Cell, Record
from gateways.compare.show.export import markdown, table_of_values
from tests.gateways.compare import making

NOTHING = Resources()
WORKERS = {"engine": "locust", "workers": 3, "machines": [{"host": "a"}, {"host": "a"}, {"host": "b"}]}


def slices(label: str, rate: float) -> list[Cell]:
    taken: dict[str, Any] = {"before": NOTHING, "after": NOTHING, "peak": NOTHING}
    made = [making.measured(rate * (1 + number / 1000), server_cpu=None, machine_cpu=None) for number in range(5)]
    return [making.cell(label, each, round=number, **taken) for number, each in enumerate(made)]


def record(cells: Sequence[Cell], **options: Any) -> Record:
    made = making.record([], reference="blue", options=options)
    made.cells = list(cells)
    made.entrants = [site("blue=https://blue.example").entrant, site("green=https://green.example").entrant]
    return made


def names(made: Record) -> dict[str, str]:
    return {each.name: each.what for each in doubts(made, sections(made))}


def test_running_servers_are_ranked_and_unknown_resources_are_mentioned() -> None:
    made = record([*slices("blue", 100), *slices("green", 50)])
    (section,) = sections(made)
    assert [row.figures.entrant.label for row in section.rows] == ["blue", "green"]
    found = names(made)
    assert "blue (https://blue.example:443) and green (https://green.example:443)" in found["not-seen"]
    assert "not-bound" not in found
    assert made.setting == "The servers were already running; only their responses are known."


def test_unknown_values_are_not_numbers() -> None:
    made = record(slices("blue", 100))
    values = dict(zip(*[each.split(",") for each in table_of_values(sections(made)).splitlines()[:2]], strict=True))
    unknown = ("memory_peak", "server_threads", "server_processes", "cpu_seconds_per_answer", "server_cores")
    assert [values[name] for name in unknown] == ["", "", "", "", ""]


def test_the_report_names_the_machines_of_the_workers() -> None:
    made = record(slices("blue", 100), **WORKERS)
    assert "Measured by 3 locust workers: 2 on a, 1 on b." in made.setting
    assert made.setting in markdown(made, sections(made))


def test_workers_that_did_not_start_together_are_a_doubt() -> None:
    assert "apart" not in names(record(slices("blue", 100), **WORKERS, apart=0.002))
    assert "90th percentile 400 ms" in names(record(slices("blue", 100), **WORKERS, apart=0.4))["apart"]
