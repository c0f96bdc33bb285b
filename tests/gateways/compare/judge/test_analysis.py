"""Sections of handmade records: the ranking, ties, and unranked contenders."""

import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.load.histogram import Histogram
from gateways.compare.record import NULL, Exclusion
from gateways.compare.show.table import table
from tests.gateways.compare.making import (
    DAPHNE,
    HYPERCORN,
    IDLE,
    MS,
    SECOND,
    STEADY,
    STREAM,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    scaled,
    slices,
)


def test_the_fastest_is_first_and_compared_with_the_reference() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4)), *slices(HYPERCORN, scaled(1.5, 0.02))]
    (section,) = sections(record(cells))
    assert [row.figures.entrant.id for row in section.rows] == [HYPERCORN, UVICORN, WAITRESS]
    first, reference, last = section.rows
    assert first.ratio is not None
    assert first.ratio.value == pytest.approx(1.5, rel=0.02)
    assert first.ratio.low < 1.5 < first.ratio.high
    assert (reference.ratio, reference.tie) == (None, True)
    assert last.ratio is not None
    assert last.ratio.value == pytest.approx(0.4)
    assert [row.letters for row in section.rows] == ["a", "b", "c"]
    assert not first.tie
    assert not last.tie


def test_no_difference_below_the_noise_of_the_twins_is_reported() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.95)), *slices(f"{UVICORN}#2", scaled(0.93))]
    (section,) = sections(record(cells))
    assert section.floor == pytest.approx(1 / 0.93 - 1, rel=0.01)
    assert section.twins is not None
    assert [(row.figures.entrant.id, row.tie, row.letters) for row in section.rows] == [
        (UVICORN, True, "a"),
        (WAITRESS, True, "a"),
    ]


def test_an_interval_that_contains_1_is_a_tie() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(1.02, 0.1))]
    (section,) = sections(record(cells))
    row = section.row(WAITRESS)
    assert row is not None
    assert row.tie


def test_a_contender_that_is_limited_by_the_client_or_fails_is_not_ranked() -> None:
    cells = [
        *slices(UVICORN, STEADY),
        *slices(HYPERCORN, scaled(4), client_cpu=SECOND * 9 // 40),
        *slices(DAPHNE, scaled(2), failed={"status 500": 30}),
        *slices(WAITRESS, scaled(0.5), failed={"status 500": 1}),
    ]
    (section,) = sections(record(cells))
    assert [(row.figures.entrant.id, row.ranked, row.limit) for row in section.rows] == [
        (UVICORN, True, ""),
        (WAITRESS, True, ""),
        (HYPERCORN, False, "client"),
        (DAPHNE, False, "errors"),
    ]


def test_the_ceiling_is_the_share_of_the_rate_with_a_server_that_does_nothing() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(HYPERCORN, scaled(4)), *slices(NULL, scaled(5))]
    (section,) = sections(record(cells))
    assert section.ceilings == {UVICORN: pytest.approx(0.2), HYPERCORN: pytest.approx(0.8)}
    assert [(row.figures.entrant.id, row.limit) for row in section.rows] == [(UVICORN, ""), (HYPERCORN, "client")]


def test_slices_during_which_the_clock_was_set_are_excluded() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(UVICORN, [[1]], stepped=True)]
    (section,) = sections(record(cells))
    assert section.discarded == 1
    assert section.rows[0].figures.rate == pytest.approx(10_100)


def test_a_slice_without_a_response_counts() -> None:
    """A contender that hangs for more than half of the time is not comparable."""
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, [[0, 0, 0, 10_000], [0, 0, 20_000, 0]])]
    row = sections(record(cells))[0].row(WAITRESS)
    assert row is not None
    assert row.ratio is not None
    assert row.ratio.value < 0.001
    assert row.figures.rate == 0


def test_with_few_responses_per_slice_the_ratio_and_interval_and_rates_agree() -> None:
    """The same total of responses has the same rate and ratio, whether it is evenly distributed or not."""
    cells = [
        *slices(UVICORN, [[3680] * 4] * 2, window=SECOND),
        *slices("cgi:uvicorn:cold", [[1, 6, 2, 3], [3, 2, 1, 6]], window=SECOND),
        *slices("cgi:uvicorn:warm", [[3] * 4] * 2, window=SECOND),
    ]
    (section,) = sections(record(cells))
    for name in ("cgi:uvicorn:cold", "cgi:uvicorn:warm"):
        row = section.row(name)
        assert row is not None
        assert row.ratio is not None
        assert row.figures.rate == 3
        assert row.ratio.value == pytest.approx(3 / 3680)
        # With 24 responses in 8 slices, one response more or less in each slice, by chance, is 23 %.
        assert row.ratio.low * 1.25 < row.ratio.value < row.ratio.high / 1.25
    assert [row.letters for row in section.rows] == ["a", "b", "b"]


def test_results_are_those_for_the_number_of_clients_at_the_knee() -> None:
    cells = [
        cell(name, measured(rate * factor), connections=clients, round=number)
        for name, factor in ((UVICORN, 1.0), (WAITRESS, 0.5))
        for clients, rate in ((1, 1000), (16, 9800), (64, 10_000))
        for number in range(4)
    ]
    (section,) = sections(record(cells))
    assert section.connections == 16
    assert section.rows[0].figures.ladder == ((1, 1000), (16, 9800), (64, 10_000))
    assert section.rows[1].ratio is not None
    assert section.rows[1].ratio.value == pytest.approx(0.5)


def test_without_the_reference_another_contender_is_the_reference() -> None:
    cells = [*slices(WAITRESS, STEADY), *slices(HYPERCORN, scaled(2))]
    out = [Exclusion(UVICORN, "hello", "it responds with 500")]
    (section,) = sections(record(cells, exclusions=out))
    assert section.reference == WAITRESS
    assert section.out == tuple(out)


def test_long_scenarios_have_a_section_for_each_number_of_clients_that_was_used() -> None:
    cells = [
        cell(name, measured(rate), WAIT, connections=clients)
        for clients, rates in ((16, (310, 79)), (200, (3700, 79)))
        for name, rate in zip((UVICORN, WAITRESS), rates, strict=True)
    ]
    found = sections(record(cells, [WAIT]))
    assert [(each.connections, each.quick, each.floor) for each in found] == [(16, False, None), (200, False, None)]
    row = found[1].rows[1]
    assert (row.limit, row.letters) == ("threads=4", "")
    assert row.ratio is not None
    assert row.ratio.low == row.ratio.high  # one run: no interval
    assert not row.tie


def test_streams_are_sorted_by_their_first_byte() -> None:
    def stream(name: str, first: int, rate: float) -> object:
        return cell(
            name, measured(rate, window=SECOND, first_byte=Histogram([first * MS] * 50)), STREAM, connections=50
        )

    (section,) = sections(record([stream(WAITRESS, 5000, 60), stream(UVICORN, 10, 40)], [STREAM]))  # type: ignore[list-item]
    assert section.headline == "first byte"
    assert [row.figures.entrant.id for row in section.rows] == [UVICORN, WAITRESS]


def test_contenders_that_hold_more_idle_clients_come_first() -> None:
    cells = [
        cell(WAITRESS, measured(0, begun=4, missing=300, failed={"timeout": 300}), IDLE, offered=100.0, phase="long"),
        cell(UVICORN, measured(100, window=3 * SECOND, begun=300), IDLE, offered=100.0, phase="long"),
    ]
    (section,) = sections(record(cells, [IDLE]))
    assert section.headline == "room"
    assert [(row.figures.entrant.id, row.limit, row.ratio) for row in section.rows] == [
        (UVICORN, "", None),
        (WAITRESS, "errors", None),
    ]


def test_a_record_without_measurements_has_no_sections() -> None:
    assert sections(record([])) == []
    assert sections(record([cell(NULL, measured(5))]))[0].rows == ()


def test_single_slices_give_no_verdict() -> None:
    (section,) = sections(
        record([*slices(UVICORN, [[100]]), *slices(WAITRESS, [[40]]), *slices(f"{UVICORN}#2", [[103]])])
    )
    assert section.floor is None
    assert [(row.letters, row.tie, row.cpu_differs) for row in section.rows] == [("", True, False), ("", False, False)]


def test_differences_between_two_contenders_other_than_the_reference_are_reported() -> None:
    cells = [
        *slices(UVICORN, STEADY),
        *slices(WAITRESS, scaled(0.4)),
        *slices(HYPERCORN, scaled(0.5, 0.2)),
        *slices(DAPHNE, scaled(4), client_cpu=SECOND),
    ]
    (section,) = sections(record(cells))
    assert not section.apart(WAITRESS, HYPERCORN)
    assert section.apart(WAITRESS, DAPHNE)  # an unranked contender, limited by the client, has at least this rate
    assert section.apart(UVICORN, WAITRESS)


@pytest.mark.parametrize(("rate", "apart"), [(55, False), (100, False), (201, True), (45, True)])
def test_with_one_run_no_difference_below_a_factor_of_2_is_reported(rate: int, apart: bool) -> None:
    cells = [cell(name, measured(each, window=SECOND), WAIT) for name, each in ((UVICORN, 100), (WAITRESS, rate))]
    (section,) = sections(record(cells, [WAIT]))
    row = section.row(WAITRESS)
    assert row is not None
    assert (section.apart(UVICORN, WAITRESS), row.tie) == (apart, not apart)


def test_a_noise_floor_above_a_hundred_percent_is_a_failed_measurement() -> None:
    made = record([*slices(UVICORN, STEADY), *slices(f"{UVICORN}#2", scaled(0.4)), *slices(WAITRESS, scaled(0.4))])
    (section,) = sections(made)
    assert section.failed
    assert [(row.ratio, row.cpu_ratio, row.letters) for row in section.rows] == [(None, None, "")] * 2
    (verdict,) = verdicts([section])
    assert "the measurement failed" in verdict
    assert "the measurement failed" in table(section).note.lower()
    assert "No difference" not in table(section).note
