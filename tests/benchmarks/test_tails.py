"""The tables and the chart of the slowest responses. Each cause of slow responses can be turned off."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.tails import CONTENDERS, VARIANTS, chart, milliseconds, order, row, typical, variant
from benchmarks.tails_app import TURN_OFF
from gateways.compare.load.histogram import Histogram

MANY = Histogram(range(1_000_000, 3_000_000, 1_000))
FEW = Histogram([1_000_000] * 50)


def test_a_percentile_needs_ten_slower_responses() -> None:
    assert float(milliseconds(typical([MANY], 0.5))) == pytest.approx(2, rel=0.01)
    assert milliseconds(typical([FEW], 0.99)) == "–"
    assert milliseconds(typical([MANY, FEW], 0.99)) == "–"


def test_a_stall_in_one_round_changes_only_the_highest_percentile() -> None:
    stalled = Histogram([1_000_000] * 1_900 + list(range(1_000_000, 31_000_000, 300_000)))
    rounds = [MANY, stalled, MANY]
    assert typical(rounds, 0.99) == MANY.supported(0.99)
    assert typical(rounds, 0.99, max) == stalled.supported(0.99)
    assert Histogram.merged(rounds).percentile(0.99) != pytest.approx(MANY.percentile(0.99), rel=0.5)


def test_a_row_has_the_rate_and_the_percentiles() -> None:
    assert row(CONTENDERS[1], 1234.0, [MANY]).startswith("| uvicorn | ours | 1,234 | 2.0")


def test_a_variant_is_compared_with_ours() -> None:
    slower = Histogram(range(2_000_000, 6_000_000, 2_000))
    assert variant(VARIANTS[0], [slower], [MANY]).startswith("| without garbage collection | 4.0")
    assert "| 2.0" in variant(VARIANTS[0], [slower], [MANY])


def test_a_load_with_a_rate_is_an_open_loop() -> None:
    assert order("http://127.0.0.1:8000").kind == "closed"
    assert (order("http://127.0.0.1:8000", 100.0, 3).kind, order("http://127.0.0.1:8000", 100.0, 3).rate) == (
        "open",
        100,
    )


def test_the_chart_ends_where_the_samples_do() -> None:
    lines = chart({CONTENDERS[0]: [MANY], CONTENDERS[1]: [FEW]}).lines
    assert max(x for x, _ in lines["uvicorn, ours"]) < max(x for x, _ in lines["uvicorn, native ASGI"])


def test_each_variant_names_a_cause() -> None:
    assert {each.without for each in VARIANTS} == set(TURN_OFF)


@pytest.mark.parametrize("without", ["", *TURN_OFF])
def test_each_cause_can_be_turned_off(without: str) -> None:
    code = (
        "import gc, sys, threading; from benchmarks import tails_app;"
        "from gateways.adapters.concurrency import loops, thread_pool;"
        "print(not gc.isenabled(), loops.LISTEN_AFTER > 60, sys.getswitchinterval() > 0.5,"
        " threading.active_count() > 30, thread_pool.new_gate() is None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WITHOUT": without},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert done.stdout.split() == [str(each == without) for each in ("gc", "sweep", "switches", "starts", "gate")]
