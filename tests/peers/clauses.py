"""The clauses of a contract suite, read from its files: a test's name is the sentence, its docstring the source.

Knows the form of the suites. It must not import or run them.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

OURS = "Ours"  # the source of rules that no specification has


@dataclass(frozen=True)
class Clause:
    """A test function."""

    test: str  # as pytest names it, below the suite's folder
    source: str

    @property
    def sentence(self) -> str:
        text = self.test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        return text[0].upper() + text[1:]


@dataclass(frozen=True)
class Chapter:
    """A file of a suite."""

    title: str
    clauses: list[Clause]


def chapters(folder: Path) -> list[Chapter]:
    """Return the chapters of the suite in `folder`, in the order of its files."""
    found = []
    for path in sorted(folder.glob("test_*.py")):
        tree = ast.parse(path.read_text())
        title = (ast.get_docstring(tree) or path.stem).splitlines()[0].rstrip(".")
        clauses = [
            Clause(f"{path.name}::{node.name}", (ast.get_docstring(node) or "").partition(":")[0].rstrip("."))
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        found.append(Chapter(title, clauses))
    return found
