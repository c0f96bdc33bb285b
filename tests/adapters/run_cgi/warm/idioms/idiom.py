"""A row of the tables: one program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = "print('Content-Type: text/plain\\n', flush=True)\n"


def get(number: int) -> dict[str, Any]:
    """A unique request."""
    headers = [("Cookie", f"session=s{number}"), ("X-User", f"user{number}")]
    return {"target": f"?number={number}", "headers": headers}


@dataclass(frozen=True)
class Idiom:
    """A program, the files beside it, and the random parts of its response."""

    source: str
    files: Mapping[str, str] = field(default_factory=dict)  # of the program's own, by path
    libraries: Mapping[str, str] = field(default_factory=dict)  # that are installed, by module
    request: Callable[[int], dict[str, Any]] = get  # target and details of the nth request
    change: Callable[[Path, int], object] | None = None  # of the folder, before the nth request
    random: str = ""  # a pattern: its groups must differ from run to run, and are compared in no other way
    varies: str = ""  # a pattern for what may differ: a time, an address in memory
    line: str = ""  # the first line; {python} is the interpreter
    env: Mapping[str, str] = field(default_factory=dict)
    shares: bool = True  # whether it imports a library that runs can share
    runs: str = "warm"  # or "cold"
    requests: int = 3  # how many are compared, cold and warm
