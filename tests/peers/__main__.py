"""Run the contract suite against each adapter and write docs/peers.md; `python -m tests.peers [ADAPTER …]`."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.adapters.wsgi_to_asgi.contenders import CONTENDERS, ENVIRONMENT
from tests.peers.clauses import chapters
from tests.peers.page import Column, render

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "peers.md"
PATIENCE = "3"  # seconds until a wait of a test has failed; a peer that hangs costs this for each of its cases


def column(name: str) -> Column:
    """What the suite says about one adapter."""
    contender = CONTENDERS[name]
    print(f"{name} {version(contender.distribution)} …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "outcomes.json"
        environment = {**os.environ, ENVIRONMENT: name, "CONTRACT_PATIENCE": PATIENCE}
        command = [sys.executable, "-W", "ignore", "-m", "tests.peers.forking", str(output)]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        outcomes = json.loads(output.read_text())
    return Column(name, contender.title, version(contender.distribution), outcomes)


def main(names: list[str]) -> None:
    if unknown := set(names) - CONTENDERS.keys():
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}")
    columns = [column(name) for name in names or CONTENDERS]
    machine = f"Python {platform.python_version()}, {platform.system()}"
    page = render(chapters(), columns, dt.datetime.now(dt.UTC).date().isoformat(), machine)
    if names:
        print(page)
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page)
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main(sys.argv[1:])
