"""Distinguish the app's own code from libraries, and find the line of its own code that caused an observation.

The app's own code is below the current folder or the target's folder. Site-packages, the standard library and this
project do not count. In this package, "own" means the app's own code.
"""

import ast
import linecache
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import gateways
from gateways.check.finding import Place

_FOREIGN = ("site-packages", "dist-packages")


class Own:
    """The app's own code: files below `roots`."""

    def __init__(self, roots: list[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        paths = sysconfig.get_paths()
        package = Path(gateways.__file__).resolve().parent
        self._not = [Path(paths[name]).resolve() for name in ("stdlib", "platstdlib")]
        self._not += [package, package.parent / "adapters"]
        self.is_own: Callable[[str], bool] = cache(self._judge)

    def _judge(self, filename: str) -> bool:
        if filename.startswith("<") or not filename:
            return False
        path = Path(filename).resolve()
        if any(part in _FOREIGN for part in path.parts) or any(path.is_relative_to(each) for each in self._not):
            return False
        return any(path.is_relative_to(root) for root in self._roots)

    def modules(self) -> Iterator[ModuleType]:
        """Yield the imported modules that are own code."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self.is_own(file) and isinstance(module, ModuleType):
                yield module

    def frame(self, frame: FrameType | None) -> FrameType | None:
        """Return the innermost frame of own code, or None.

        The search stops at an import statement, because that statement does not cause the calls that the imported
        library makes.
        """
        while frame is not None:
            filename = frame.f_code.co_filename
            if "importlib._bootstrap>" in filename:
                return None
            if self.is_own(filename):
                return frame
            frame = frame.f_back
        return None

    def place(self, frame: FrameType | None) -> Place | None:
        """Return the line of the innermost frame of own code, or None."""
        found = self.frame(frame)
        return at(found.f_code.co_filename, found.f_lineno) if found else None

    def place_of_code(self, code: Any) -> Place | None:
        """Return the first line of a function, method or coroutine if it is own code, else None."""
        while not isinstance(code, CodeType):
            for name in ("__code__", "cr_code", "gi_code", "ag_code", "__func__", "func", "__wrapped__"):
                if (inner := getattr(code, name, None)) is not None:
                    code = inner
                    break
            else:
                return None
        return at(code.co_filename, first_line(code)) if self.is_own(code.co_filename) else None

    def place_of_name(self, text: str) -> Place | None:
        """Return the line of own code with that string, variable or keyword (case-insensitive). Return None if there is
        no such line, or more than one.
        """
        places = {
            at(str(module.__file__), node.lineno)
            for module in self.modules()
            for node in ast.walk(_tree(str(module.__file__)))
            if isinstance(node, (ast.Constant, ast.Name, ast.keyword)) and _name_of(node).lower() == text.lower()
        }
        return places.pop() if len(places) == 1 else None

    def short(self, filename: str) -> str:
        return _short(filename)


def at(filename: str, line: int) -> Place:
    """Return the place, with the text of its line. The path is relative if it is below the current folder."""
    return Place(_short(filename), line, linecache.getline(filename, line).strip())


def _short(filename: str) -> str:
    path, here = Path(filename).resolve(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def first_line(code: CodeType) -> int:
    """Return the line of `def`. It differs from co_firstlineno if the function has decorators."""
    line = code.co_firstlineno
    for number in range(line, line + 20):
        if linecache.getline(code.co_filename, number).lstrip().startswith(("def ", "async def ", "class ")):
            return number
    return line


def _name_of(node: ast.Constant | ast.Name | ast.keyword) -> str:
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Store) else ""
    if isinstance(node, ast.keyword):
        return node.arg or ""
    value = node.value
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def assigned(module: ModuleType, name: str, within: str = "") -> Place | None:
    """Return the last line at which a module, or its class `within`, assigns `name` outside functions; else None."""
    file = str(module.__file__)
    body: list[ast.stmt] = _tree(file).body
    if within:
        body = [stmt for each in body if isinstance(each, ast.ClassDef) and each.name == within for stmt in each.body]
    found = None
    for node in (node for stmt in body for node in _outside_functions(stmt)):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            found = at(file, node.lineno)
    return found


def _outside_functions(stmt: ast.AST) -> Iterator[ast.AST]:
    if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return
    yield stmt
    for child in ast.iter_child_nodes(stmt):
        yield from _outside_functions(child)


def walk(module: ModuleType) -> Iterator[ast.AST]:
    """Return an iterator over all nodes of a module's syntax tree, which is empty without the source."""
    return ast.walk(_tree(str(module.__file__)))


@cache
def _tree(filename: str) -> ast.Module:
    try:
        return ast.parse(Path(filename).read_bytes())
    except (OSError, SyntaxError, ValueError):  # the module is compiled, or in an archive
        return ast.Module([], [])
