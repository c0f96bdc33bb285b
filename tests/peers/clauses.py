"""The clauses of a contract suite, read from its files: a test's name is the clause, and its docstring the source.

Knows the form of the suites. It must not import or run them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

OURS = "Ours"  # the source of rules that no specification has

_OWNED = "close|connection|current|decision|file wrapper|last|own|response|socket|state|threads?"
_WRITTEN = (  # a test's name has no apostrophes, hyphens or upper case
    (rf"\b(adapter|app|client|lifespan|server)s (?=(?:{_OWNED})\b)", r"\1's "),
    (r"\beach others\b", "each other's"),
    (r"\bwsgirefs\b", "wsgiref's"),
    (r"\butf 8\b", "UTF-8"),
    (r"\blatin 1\b", "latin-1"),
    (r"\bascii\b", "ASCII"),
    (r"\basgi\b", "ASGI"),
    (r"\bwsgi (?=middleware)", "WSGI "),
    (r"\bhttp (?=[23]\b)", "HTTP/"),
)


@dataclass(frozen=True)
class Clause:
    """A test function."""

    test: str  # as pytest names it, below the suite's folder
    source: str

    @property
    def sentence(self) -> str:
        text = self.test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        for pattern, written in _WRITTEN:
            text = re.sub(pattern, written, text)
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
