"""The matrix: each row names tests that exist, and `make test` runs each test with some of its values."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.matrix import MATRIX, in_matrix

ROOT = Path(__file__).parent.parent

# A collection takes several seconds of CPU time: minutes on a busy machine.
pytestmark = pytest.mark.timeout(300)


@cache
def collected() -> tuple[str, ...]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *MATRIX]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=290)
    return tuple(line for line in done.stdout.splitlines() if "::" in line)


@pytest.mark.parametrize(("test", "expected"), [("[hypercorn-/a]", True), ("[/a-hypercorn]", True), ("", False)])
def test_a_test_belongs_to_the_matrix_if_one_of_its_values_does(test: str, expected: bool) -> None:
    assert in_matrix(f"tests/real/test_cgi_host.py::TestEndings::test_an_end{test}") is expected


def test_a_name_of_a_test_and_the_middle_of_a_value_do_not_count() -> None:
    assert not in_matrix("tests/real/test_cgi_git.py::test_hypercorn[uvicorn]")
    assert not in_matrix("tests/real/test_cgi_git.py::test_a_clone[my hypercorn]")


def test_a_file_without_a_row_is_not_in_the_matrix() -> None:
    assert not in_matrix("tests/real/test_servers.py::test_a[hypercorn]")


def test_each_value_of_the_table_matches_tests() -> None:
    values = [(file, value) for file, values in MATRIX.items() for value in values]
    unused = [
        (file, value)
        for file, value in values
        if not any(test.startswith(f"{file}::") and f"-{value}" in f"-{test.partition('[')[2]}" for test in collected())
    ]
    assert unused == []


def test_make_test_runs_each_test_with_some_values() -> None:
    left = {test.partition("[")[0] for test in collected() if not in_matrix(test)}
    assert {test.partition("[")[0] for test in collected()} - left == set()
