"""Run a demo as its docstring says: the commands that stand there, with a free port in place of the usual one.

Knows how commands are written in docstrings, and where each server's command line takes the port. It must not know what
a demo answers.
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
"""The place in a command at which to say so, and what to say."""

ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
"""That of a shell in which this Python's virtual environment is active."""


def commands(file: str) -> list[str]:
    """The commands in the docstring, or the opening comment, of a file below demos/."""
    text = (ROOT / "demos" / file).read_text()
    return re.findall(r"^(?: {4}|# {3})\$ (.+?)(?: {2,}#.*)?$", text, re.MULTILINE)


def command(file: str, beginning: str) -> str:
    """The one command of a demo that begins so."""
    (found,) = (each for each in commands(file) if each.startswith(beginning))
    return found


@contextmanager
def started(file: str, beginning: str, *options: str, **environment: str) -> Iterator[Running]:
    """Run the server that a demo's docstring names, while the block runs."""
    words = shlex.split(command(file, beginning))
    place, listen = LISTEN[words[0]]
    words[place:place] = [*listen, *options]
    with serve(words, env={**ENVIRONMENT, **environment}) as server:
        yield server


def curl(file: str, server: Running, folder: Path) -> list[str]:
    """Run the curl commands of a demo in `folder`, in order: what each printed. An error status is an error.

    Two at once ("curl … & sleep 1; curl …") are for people, who see when the first one waits.
    """
    require_program("curl")
    address = f"{server.host}:{server.port}"
    lines = [re.sub(r"localhost:(8000|8080)", address, line) for line in commands(file) if line.startswith("curl ")]
    return [run(["sh", "-ec", line.replace("curl", "curl -sSf")], cwd=folder) for line in lines if " & " not in line]


def run(words: list[str], cwd: Path = ROOT) -> str:
    """Run a command to its end, which must be good: what it printed."""
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
