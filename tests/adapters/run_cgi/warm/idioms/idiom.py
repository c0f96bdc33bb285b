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
    files: Mapping[str, str] = field(default_factory=dict)  # the program's own files, by path
    libraries: Mapping[str, str] = field(default_factory=dict)  # installed modules, by name
    request: Callable[[int], dict[str, Any]] = get  # return target and details of the nth request
    change: Callable[[Path, int], object] | None = None  # of the folder, before the nth request
    random: str = ""  # a pattern whose groups must differ between runs; they are not compared otherwise
    varies: str = ""  # a pattern for parts that may differ: a time, a memory address
    line: str = ""  # the first line; {python} is the interpreter
    env: Mapping[str, str] = field(default_factory=dict)
    shares: bool = True  # True if it imports a library that runs can share
    runs: str = "warm"  # or "cold"
    status: int = 200  # of the response
    fault: str = ""  # part of the error message, for a program that must fail
    requests: int = 2  # number of compared runs, cold and warm
