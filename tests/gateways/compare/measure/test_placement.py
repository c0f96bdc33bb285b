"""Cores for servers and client."""

import os

import pytest

from gateways.compare.machine import Placement
from gateways.compare.measure.placement import here, on, parse_cores, place


@pytest.mark.parametrize(
    ("cores", "siblings", "expected"),
    [
        ([0, 1], {0: {0, 1}, 1: {0, 1}}, Placement((1,), (0,))),  # two threads of one core are better than one thread
        ([0, 1, 2, 3], {0: {0, 1}, 1: {0, 1}, 2: {2, 3}, 3: {2, 3}}, Placement((3,), (0,))),
        ([0, 1, 2, 3], {0: {0, 3}, 3: {0, 3}, 1: {1, 2}, 2: {1, 2}}, Placement((2,), (0,))),
        ([5], {5: {5}}, Placement((5,), (5,))),
    ],
)
def test_server_and_client_have_separate_cores_if_there_are_two(
    cores: list[int], siblings: dict[int, set[int]], expected: Placement
) -> None:
    assert place(cores, siblings) == expected
    assert place(cores, siblings).apart == (len(cores) > 1)


def test_worker_processes_have_one_core_each_if_there_are_enough() -> None:
    siblings = {0: {0, 1}, 1: {0, 1}, 2: {2, 3}, 3: {2, 3}}
    assert place([0, 1, 2, 3], siblings, 2) == Placement((2, 3), (0,))
    assert place([0, 1, 2, 3], siblings, 3) == Placement((1, 2, 3), (0,))
    assert place([0, 1, 2, 3], siblings, 8) == Placement((1, 2, 3), (0,))
    assert place([0, 1], siblings, 2) == Placement((1,), (0,))


def test_lists_of_cores_are_parsed_in_the_notation_of_linux() -> None:
    assert parse_cores("0,4-6\n") == {0, 4, 5, 6}
    assert parse_cores("3") == {3}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not bind processes to cores")
def test_processes_started_in_the_block_are_pinned_and_the_thread_is_restored() -> None:
    before = os.sched_getaffinity(0)
    core = max(before)
    with on((core,)):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before
    assert set(here().server) | set(here().client) <= before


def test_without_cores_nothing_is_pinned() -> None:
    with on(()):
        pass
    assert not Placement().bound
    assert Placement().apart
