"""The units of work: every test runs once, the longest begin first, and tests that share a server run together."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.work import PARTS, SHARED, units

ROOT = Path(__file__).parent.parent
TESTS = [f"tests/{file}.py::test_{number}" for file in ("few", "long", "many") for number in range(len(file))]
DISCONNECT, FRAMEWORKS = (f"tests/real/test_asgi_on_wsgi_{name}.py" for name in ("disconnect", "frameworks"))


def test_each_test_is_in_one_unit() -> None:
    assert sorted(test for unit in units(TESTS, {"tests/long.py": 3}).values() for test in unit) == sorted(TESTS)


def test_the_longest_files_begin_first_and_then_those_with_the_most_tests() -> None:
    found = [unit.split(" ")[0] for unit in units([*TESTS, "tests/many.py::test_x"], {"tests/few.py": 1})]
    assert found == ["tests/few.py", "tests/many.py", "tests/long.py"]


def test_files_that_start_servers_begin_before_pure_files_with_more_tests() -> None:
    """A server takes seconds to start. At the end of the run, such a file would keep one worker busy while all others
    are idle.
    """
    real = ["tests/demos/test_one.py::test_a", "tests/real/test_two.py::test_a", "tests/real/test_two.py::test_b"]
    found = [unit.split(" ")[0] for unit in units([*TESTS, *real], {"tests/few.py": 1})]
    assert found == [
        "tests/few.py",
        "tests/real/test_two.py",
        "tests/demos/test_one.py",
        "tests/long.py",
        "tests/many.py",
    ]


def test_the_tests_of_a_part_are_consecutive() -> None:
    found = units(TESTS, {"tests/long.py": 2, "tests/absent.py": 2})
    assert found["tests/long.py 1/2"] == ["tests/long.py::test_0", "tests/long.py::test_1"]
    assert found["tests/long.py 2/2"] == ["tests/long.py::test_2", "tests/long.py::test_3"]


def test_the_tests_of_several_files_on_one_server_are_one_unit() -> None:
    sync = [f"{DISCONNECT}::test_a[gunicorn-sync-fastapi]", f"{FRAMEWORKS}::test_b[gunicorn-sync]"]
    preload = [f"{DISCONNECT}::test_a[gunicorn-sync-preload-fastapi]"]
    alone = [f"{DISCONNECT}::test_without_a_server"]
    assert units([*sync, *preload, *alone], {}) == {
        "asgi_on_wsgi gunicorn-sync": sync,
        "asgi_on_wsgi gunicorn-sync-preload": preload,
        f"{DISCONNECT} 1/1": alone,
    }


def test_the_named_files_exist() -> None:
    assert [file for file in (*PARTS, *SHARED) if not (ROOT / file).is_file()] == []


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_workers_begin_with_a_long_file_even_if_another_has_more_tests() -> None:
    tests = [
        "tests/gateways/trace/test_steps.py",
        "tests/gateways/test_cli.py::test_a_missing_package_is_reported_in_one_line",
    ]
    command = [sys.executable, "-m", "pytest", "-v", "-n", "1", "--dist", "loadfile", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=190, check=True)
    ended = re.findall(r"PASSED (\S+?)::", done.stdout)
    assert ended[0] == "tests/gateways/test_cli.py"
    assert ended[1:] == ["tests/gateways/trace/test_steps.py"] * (len(ended) - 1)
