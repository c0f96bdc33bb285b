"""The table of features that do not work on some Pythons is correct on this Python. Only this table skips tests by
Python.
"""

from __future__ import annotations

import ast
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.pythons import LIMITS, Limit

ROOT = Path(__file__).resolve().parents[1]
OF_PYTHON = {"version_info", "hexversion", "python_version", "python_version_tuple", "_is_gil_enabled", "api_version"}
SKIPS = {"skip", "skipif", "xfail", "importorskip"}
MINORS = [f"3.{minor}" for minor in range(11, 16)]


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit.program is not None])
def test_a_package_works_as_the_table_says_on_this_python(name: str) -> None:
    limit = LIMITS[name]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", str(limit.program)], capture_output=True, text=True, check=False
    )
    can = done.returncode == 0
    assert can is not limit.applies(platform.python_version()), (
        f"{limit.package} {'can' if can else 'cannot'} {limit.cannot} on Python {platform.python_version()};"
        f" tests/pythons.py says: not on {limit.pythons}. {done.stderr}"
    )


def test_packages_that_pyproject_excludes_on_a_python_are_in_the_table() -> None:
    """A row without a program has a marker in pyproject.toml, and each marker has such a row."""
    left_out: dict[str, set[str]] = {}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for line in extras["test"]:
        requirement = Requirement(line)
        if (
            requirement.marker is not None and requirement.name != "legacy-cgi"
        ):  # stands in for a module removed in 3.13
            without = {minor for minor in MINORS if not requirement.marker.evaluate({"python_version": minor})}
            left_out |= {requirement.name: without} if without else {}
    rows = [limit for limit in LIMITS.values() if limit.program is None]
    assert left_out == {limit.package.split()[0]: {minor for minor in MINORS if limit.applies(minor)} for limit in rows}


def _names(tree: ast.AST) -> set[str]:
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def skips_by_python(source: str) -> Iterator[int]:
    """Yield the lines on which a test is skipped by a condition that mentions the version of Python."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If):
            if _names(node.test) & OF_PYTHON and any(_names(each) & SKIPS for each in node.body + node.orelse):
                yield node.lineno
        elif isinstance(node, ast.Call) and _names(node.func) & SKIPS and _names(node) & OF_PYTHON:
            yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skipif(sys.version_info >= (3, 13), reason='')\ndef test(): pass",
        "pytestmark = pytest.mark.xfail(platform.python_version() > '3.12')",
        "if (3, 12) <= sys.version_info < (3, 12, 2) and name in THREADS:\n    pytest.skip('')",
    ],
)
def test_a_skip_by_version_is_detected(source: str) -> None:
    assert list(skips_by_python(source)) == [1]


def test_tests_are_skipped_by_python_version_only_as_in_the_table() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in (ROOT / "tests").rglob("*.py")
        for line in skips_by_python(path.read_text())
    ]
    assert not found, "use tests/pythons.py: its rows are checked on each Python"


def test_a_row_applies_only_to_its_pythons() -> None:
    limit = Limit("x 1.0", ">=3.12,<3.12.2", "", "", None)
    pythons = ["3.11.7", "3.12.0", "3.12.1", "3.12.2", "3.13.0"]
    assert [python for python in pythons if limit.applies(python)] == ["3.12.0", "3.12.1"]
