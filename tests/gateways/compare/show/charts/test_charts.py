"""The charts of a comparison's page, for handmade records."""

import math
import re
from itertools import pairwise
from typing import Any

import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.load.histogram import Histogram
from gateways.compare.question import Question
from gateways.compare.record import Cell, Record
from gateways.compare.show.charts import clients, lines, percentiles, rounds, spans
from gateways.compare.show.charts.chart import Chart, Line
from tests.gateways.compare.making import (
    HELLO,
    IDLE,
    MS,
    SECOND,
    STREAM,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    slices,
)


def of(chart: Chart, contender: str) -> Line:
    return next(line for line in chart.lines if line.contender == contender)


def values(line: Line) -> list[float | None]:
    return [None if point is None else point.value for point in line.points]


def test_throughput_is_drawn_by_number_of_clients_if_there_are_several_numbers() -> None:
    cells = [
        each
        for n, rate in ((1, 100), (4, 400), (16, 401))
        for name, factor in ((UVICORN, 1), (WAITRESS, 0.5))
        for each in [cell(name, measured(rate * factor), connections=n)] * 3
    ]
    (chart,) = clients.throughput(sections(record(cells)))
    assert [at for at, _ in chart.columns] == [1, 4, 16]
    assert values(of(chart, WAITRESS)) == [48, 200, 200]  # in a quarter of a second: 12, 50 and 50
    assert chart.guides == ()
    assert not clients.throughput(sections(record(slices(UVICORN, [[100]]))))


def wait(name: str, n: int, rate: float, **more: Any) -> Cell:
    return cell(name, measured(rate, 50, window=2 * SECOND, **more), WAIT, connections=n)


def test_the_theoretical_maximum_is_drawn_if_it_is_known() -> None:
    cells = [wait(UVICORN, 200, 3900), wait(WAITRESS, 200, 79, failed={"timeout": 3})]
    (chart,) = clients.throughput(sections(record(cells, [WAIT])))
    ends = [(guide.start, guide.end) for guide in chart.guides]
    assert ends == [((1, 20), (1000, 20_000)), ((4, 80), (1000, 80))]
    assert "4 threads: 80/s" in chart.guides[1].text
    assert [point.text for line in chart.lines for point in line.points if point] == ["3,900/s", "79/s, 1.9 % lost"]
    assert chart.y.low < 20
    assert chart.y.high > 20_000


def test_latency_is_drawn_at_a_common_rate_and_another_rate_is_labelled() -> None:
    cells = [
        *slices(UVICORN, [[100]]),
        *(cell(name, measured(4000, ms), offered=1000.0) for name, ms in ((UVICORN, 1), (WAITRESS, 3))),
        cell("cgi:uvicorn:cold", measured(80, 40), offered=20.0),
        *(slices(name, [[100]])[0] for name in (WAITRESS, "cgi:uvicorn:cold")),
    ]
    (chart,) = percentiles.latency(made := record(cells), sections(made))
    assert chart.title == "hello at 1,000 requests/s"
    assert [(line.contender, line.dashed) for line in chart.lines] == [
        (UVICORN, False),
        (WAITRESS, False),
        ("cgi:uvicorn:cold", True),
    ]
    assert chart.lines[-1].label.endswith("@20/s")
    at = [share for share, _ in chart.columns]
    median = values(of(chart, WAITRESS))[at.index(0.5)]
    assert median == pytest.approx(0.003, rel=0.01)
    # 1,000 samples suffice for the 99th percentile; 20 only for the median, beyond which there are 10 samples.
    assert at[-1] == 0.99
    assert values(of(chart, "cgi:uvicorn:cold"))[at.index(0.6)] is None


def test_unanswered_requests_are_drawn_as_infinite() -> None:
    idle: dict[str, Any] = {"latency": Histogram([MS] * 200, 300), "failed": {"timeout": 300}, "begun": 300}
    cells = [
        cell(UVICORN, measured(100, 1, window=3 * SECOND, **idle), IDLE, connections=16, offered=100.0, phase="long"),
    ]
    (chart,) = percentiles.latency(made := record(cells, [IDLE]), sections(made))
    assert chart.never
    assert chart.title.endswith("with 300 other clients")
    found = values(chart.lines[0])
    assert found[0] == pytest.approx(0.001, rel=0.01)
    assert found[-1] == math.inf
    assert chart.lines[0].points[-1] is not None
    assert chart.lines[0].points[-1].text == "never"


def test_streams_have_charts_of_first_bytes_and_gaps() -> None:
    what = measured(50, 950, window=SECOND, gap=Histogram([50 * MS] * 900))
    made = record([cell(UVICORN, what, STREAM, connections=50)], [STREAM])
    first, gaps = percentiles.streams(made, sections(made))
    assert (first.title, gaps.title) == ("stream, 50 clients: first byte", "stream, 50 clients: gaps")
    assert values(gaps.lines[0])[0] == pytest.approx(0.05, rel=0.01)
    made = record(slices(UVICORN, [[100]]))
    assert not percentiles.streams(made, sections(made))


def strip() -> tuple[Record, Chart]:
    cells = [*slices(UVICORN, [[100, 100], [100, 80]]), *slices(WAITRESS, [[200, 200], [200, 200]])]
    made = record(cells)
    return made, rounds.strips(made, sections(made))[0]


def test_a_strip_has_each_round_in_order_and_drift_is_visible() -> None:
    _, chart = strip()
    assert [name for _, name in chart.columns][1:3] == ["start 1, round 2", "start 2, round 1"]
    places = [at for at, _ in chart.columns]
    assert places[2] - places[1] > places[1] - places[0]  # the servers were restarted
    assert [name for _, name in chart.x.ticks] == ["start 1", "2"]
    assert chart.breaks == {0, 2}
    steady, moved = values(of(chart, WAITRESS)), values(of(chart, UVICORN))
    assert len(set(steady)) == 1
    assert moved[0] == moved[1] == moved[2]
    assert moved[3] is not None
    assert moved[2] is not None
    assert moved[3] < moved[2]
    assert of(chart, UVICORN).points[3].text == "80/s (-20 %)"  # type: ignore[union-attr]
    assert chart.lines[0].contender == WAITRESS  # the best first
    assert chart.lines[-1].label == "other programs"


def test_lanes_do_not_overlap() -> None:
    _, chart = strip()
    assert chart.lines
    lanes = [[value for value in values(line) if value is not None] for line in chart.lines]
    assert all(min(above) > max(below) for above, below in pairwise(lanes))


def test_memory_is_drawn_after_each_round() -> None:
    made, _ = strip()
    (chart,) = rounds.memory(made, sections(made))
    assert values(of(chart, UVICORN)) == [20_000_000] * 4
    assert of(chart, UVICORN).points[0].text == "20.0 MB"  # type: ignore[union-attr]


def test_ratios_have_their_interval_and_the_noise_of_identical_servers() -> None:
    cells = [
        *slices(UVICORN, [[100, 101], [99, 100]]),
        *slices(WAITRESS, [[50, 50], [50, 51]]),
        *slices(f"{UVICORN}#2", [[98, 100], [100, 103]]),
    ]
    made = record(cells)
    forest = spans.ratios(made, found := sections(made))[0]
    half, twin = forest.rows
    assert (half.contender, twin.contender) == (WAITRESS, f"{UVICORN}#2")
    marks = dict(half.marks)
    assert marks["low"] <= marks["value"] <= marks["high"] < 0.6
    assert not half.faint
    assert twin.faint
    floor = found[0].floor
    assert floor
    assert forest.band == (1 / (1 + floor), 1 + floor)


def test_cpu_time_has_a_chart_if_its_interval_is_known() -> None:
    cells = [
        *slices(UVICORN, [[100, 102], [98, 101]], server_cpu=SECOND // 8),
        *slices(WAITRESS, [[50, 51], [49, 50]], server_cpu=SECOND // 16),
    ]
    made = record(cells)
    charts = spans.ratios(made, sections(made))
    assert [each.title.endswith("CPU time per response") for each in charts] == [False, True]
    assert [row.contender for row in charts[1].rows] == [WAITRESS]


def test_memory_spans_show_before_and_peak_and_after() -> None:
    made = record(slices(UVICORN, [[100]]))
    (shown,) = spans.memory(sections(made))
    assert shown.rows[0].marks == (("before", 2e7), ("peak", 2e7), ("after", 2e7))
    assert shown.rows[0].text == "20 → 20 → 20 MB"


def test_a_record_without_measurements_has_no_charts() -> None:
    made = record([], [HELLO, Question("wait", "it", "GET /", "long", 0.05, 0)], entrants=[])
    found = sections(made)
    assert not [*clients.throughput(found), *percentiles.latency(made, found), *rounds.strips(made, found)]
    assert not [*spans.ratios(made, found), *spans.memory(found)]


def test_lines_have_a_gap_between_starts() -> None:
    _, shown = strip()
    drawn = lines.chart(shown, {UVICORN: 0, WAITRESS: 1})
    paths = re.findall(r'<path [^>]*\bd="([^"]*)"', drawn)
    assert len(paths) == 3
    assert all([word for word in path.split() if word.isalpha()] == ["M", "L", "M", "L"] for path in paths)
