"""The soak itself: it finds growth, and a short run succeeds."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice

import pytest

from tests.soak.leftovers import LEEWAY, Held, grown
from tests.soak.schedule import mixed, rounds

BEFORE = Held(requests=10_000, seconds=1, rss=30_000_000, blocks=80_000, threads=9, tasks=1, descriptors=9)


@pytest.mark.parametrize("name", LEEWAY)
def test_growth_above_the_tolerance_is_detected(name: str) -> None:
    most = getattr(BEFORE, name) + LEEWAY[name]
    assert grown(BEFORE, BEFORE._replace(**{name: most})) == []
    lines = grown(BEFORE, BEFORE._replace(**{name: most + 1}))
    assert len(lines) == 1
    assert lines[0].startswith(name)


@pytest.mark.parametrize(("requests", "first"), [(1_000_000, 10_000), (200_000, 10_000), (2000, 1000), (3, 1)])
def test_all_requests_are_sent_and_the_first_check_is_early(requests: int, first: int) -> None:
    assert rounds(requests)[0] == first
    assert sum(rounds(requests)) == requests


def test_kinds_occur_in_proportion_to_their_weights() -> None:
    kinds = list(islice(mixed({"a": 3, "b": 1}), 40))
    assert (kinds.count("a"), kinds.count("b")) == (30, 10)


@pytest.mark.parametrize("module", ["wsgi_on_asgi", "asgi_on_wsgi"])
def test_a_short_soak_includes_each_kind_of_request(module: str) -> None:
    command = [sys.executable, "-m", f"tests.soak.{module}", "--requests", "2000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode in (0, 1), done.stderr  # too few to detect growth
    assert done.stdout.count("\n") >= 13
    assert " 2,000 " in done.stdout
