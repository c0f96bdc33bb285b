"""Run a demo with the commands in its docstring, on a free port instead of the usual one.

Knows the notation of commands in docstrings, and the port argument of each server's command line. It must not know the
demos' responses.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import require_program
from tests.real.serving import ROOT, Running, serve

LISTEN = {
    "uvicorn": (1, ["--host={host}", "--port={port}"]),
    "gunicorn": (1, ["--bind={host}:{port}", "--config=tests/real/gunicorn.conf.py"]),
    "waitress-serve": (1, ["--listen={host}:{port}"]),
    "gateways": (2, ["--port={port}"]),
}
"""The position in a command for the port, and the argument."""

ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
"""The environment of a shell in which this Python's virtual environment is active."""


def commands(file: str) -> list[str]:
    """Return the commands in the docstring, or the opening comment, of a file below demos/."""
    text = (ROOT / "demos" / file).read_text()
    return re.findall(r"^(?: {4}|# {3})\$ (.+?)(?: {2,}#.*)?$", text, re.MULTILINE)


def command(file: str, beginning: str) -> str:
    """Return the only command of a demo with that beginning."""
    (found,) = (each for each in commands(file) if each.startswith(beginning))
    return found


@contextmanager
def started(file: str, beginning: str, *options: str, **environment: str) -> Iterator[Running]:
    """Run the server of a demo's docstring during the block."""
    words = shlex.split(command(file, beginning))
    place, listen = LISTEN[words[0]]
    words[place:place] = [*listen, *options]
    with serve(words, env={**ENVIRONMENT, **environment}) as server:
        yield server


def curl(file: str, server: Running, folder: Path) -> list[str]:
    """Run the curl commands of a demo in `folder`, in order. Return the output of each command. A status of 400 or more
    is an error.

    Concurrent commands ("curl … & sleep 1; curl …") are skipped, because they show a person how the first one waits.
    """
    require_program("curl")
    address = f"{server.host}:{server.port}"
    lines = [re.sub(r"localhost:(8000|8080)", address, line) for line in commands(file) if line.startswith("curl ")]
    return [run(["sh", "-ec", line.replace("curl", "curl -sSf")], cwd=folder) for line in lines if " & " not in line]


def run(words: list[str], cwd: Path = ROOT) -> str:
    """Run a command, which must succeed; return its output."""
    done = subprocess.run(
        words,
        env=ENVIRONMENT,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{shlex.join(words)} ended with {done.returncode} and wrote:\n{done.stderr}"
    return done.stdout
