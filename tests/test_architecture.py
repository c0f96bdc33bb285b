"""The rules of the layout (ARCHITECTURE.md), checked by the imports of each module."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SIDES = ("cgi", "wsgi", "asgi")
IMPURE = {
    *("socket", "ssl", "select", "selectors", "http.client", "http.server", "socketserver", "urllib.request"),
    *("threading", "_thread", "queue", "concurrent", "subprocess", "multiprocessing", "signal", "asyncio"),
    *("time", "sched", "logging", "tempfile"),
}


def modules() -> dict[str, Path]:
    """Return the name of each module, and its file."""
    found = {}
    for package, folder in (("gateways.adapters", ROOT / "adapters"), ("gateways", ROOT / "gateways")):
        for file in sorted(folder.rglob("*.py")):
            if folder.name == "gateways" and file.is_relative_to(folder / "adapters"):
                continue  # the link to adapters/, from 3.13 on
            parts = (*package.split("."), *file.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(), str(MODULES[name]))


@cache
def imports(name: str) -> frozenset[str]:
    """Return the imports of a module, at any place in it: modules, and names from modules of this project."""
    found = set[str]()
    package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            members = [f"{source}.{alias.name}" for alias in node.names]
            found |= {member if member in MODULES else source for member in members}
    return frozenset(found)


def faulty(names: Iterable[str], faults: Callable[[str], Collection[str]]) -> dict[str, list[str]]:
    """Return the faults of each module that has faults."""
    return {name: sorted(each) for name in names if (each := faults(name))}


def within(name: str, parents: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:length]) in parents for length in range(1, len(parts) + 1))


def pure() -> list[str]:
    """Return the modules whose docstring says that they are pure."""
    return [name for name in MODULES if re.search(r"\bPure[.:]", ast.get_docstring(parsed(name)) or "")]


def reached(name: str) -> set[str]:
    """Return the direct and indirect imports of a module."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(imports(waiting.pop())) - found
        found |= new
        waiting += new & set(MODULES)
    return found


def test_adapters_import_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "gateways.adapters"}
    names = [name for name in MODULES if within(name, {"gateways.adapters"})]
    assert faulty(names, lambda name: {each for each in imports(name) if not within(each, allowed)}) == {}


def test_cgi_and_wsgi_and_asgi_do_not_import_each_other() -> None:
    def foreign(name: str) -> set[str]:
        others = {f"gateways.{side}" for side in SIDES if side != name.split(".")[1]}
        return {each for each in imports(name) if within(each, others)}

    assert faulty([name for name in MODULES if within(name, {f"gateways.{side}" for side in SIDES})], foreign) == {}


def test_modules_used_by_all_interfaces_import_no_code_of_one_interface() -> None:
    sides = {f"gateways.{side}" for side in SIDES}
    shared = [name for name in MODULES if name.startswith(("gateways.events", "gateways.trace", "gateways.serving"))]
    assert faulty(shared, lambda name: {each for each in imports(name) if within(each, sides)}) == {}


def test_the_folders_of_cgi_and_wsgi_and_asgi_have_the_same_files() -> None:
    for name in ("app", "server", "trace"):
        assert all(f"gateways.{side}.{name}" in MODULES for side in SIDES), name


def test_modules_described_as_pure_are_pure() -> None:
    assert faulty(pure(), lambda name: {each for each in reached(name) if within(each, IMPURE)}) == {}


def test_the_mappings_are_among_the_pure_modules() -> None:
    assert {
        "gateways.adapters.mapping.requests",
        "gateways.adapters.mapping.responses",
        "gateways.trace.rows",
        "gateways.trace.text",
    } <= set(pure())


def test_each_module_opens_with_a_docstring() -> None:
    assert [name for name in MODULES if not ast.get_docstring(parsed(name))] == []


# A module of the adapters is imported in a fork of an interpreter that has imported nothing,
# any other module in a process that has dropped all modules of this project.
IMPORTER = """
import os, sys
root, *names = sys.argv[1:]
sys.path.insert(0, root)
os.dup2(1, 2)

def succeeds(name):
    try:
        __import__(name)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return False
    return True

def forked(name):
    child = os.fork()
    if child == 0:
        os._exit(not succeeds(name))
    return os.waitpid(child, 0)[1] == 0

for name in sorted(names, key=lambda name: not name.startswith("gateways.adapters")):
    for own in [own for own in sys.modules if own.split(".")[0] == "gateways"]:
        del sys.modules[own]
    if not (forked if name.startswith("gateways.adapters") else succeeds)(name):
        print(name, "does not import alone", flush=True)
"""


@pytest.mark.timeout(300)
def test_each_module_imports_alone_and_silently() -> None:
    command = [sys.executable, "-I", "-W", "error", "-c", IMPORTER, str(ROOT), *MODULES]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=290, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_modules_of_the_adapters_import_each_other_in_a_circle() -> None:
    names = [name for name in MODULES if within(name, {"gateways.adapters"}) and name != "gateways.adapters"]
    assert [name for name in names if name in reached(name)] == []


# The rooms that each room may import, besides the types and the errors.
FLOORS = (
    ("errors", "interfaces", "asgi_types", "wsgi_types", "stats", "mapping"),
    ("concurrency", "websocket"),
    ("run_wsgi", "run_asgi", "run_cgi"),
    ("on_asgi", "on_wsgi", "on_cgi"),
)


def test_no_package_of_the_adapters_imports_from_a_higher_layer() -> None:
    def floor(module: str) -> int:
        room = module.split(".")[2]
        return next((number for number, rooms in enumerate(FLOORS) if room in rooms), len(FLOORS))

    def above(name: str) -> set[str]:
        inner = {each for each in imports(name) if each.startswith("gateways.adapters.")}
        return {each for each in inner if floor(each) > floor(name)}

    assert faulty([name for name in MODULES if name.startswith("gateways.adapters.")], above) == {}


def test_no_packages_of_the_comparison_import_each_other_in_a_circle() -> None:
    """Packages are the packages and the modules in gateways/compare."""

    def room(module: str) -> str:
        return module.split(".")[2]

    inside = [name for name in MODULES if name.startswith("gateways.compare.")]
    arrows = {
        room(name): {
            room(each)
            for one in inside
            if room(one) == room(name)
            for each in imports(one)
            if each.startswith("gateways.compare.") and room(each) != room(one)
        }
        for name in inside
    }
    while leaves := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for name in leaves:
            del arrows[name]
    assert arrows == {}
