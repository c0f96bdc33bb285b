"""Run the contract suites against each adapter and write docs/peers.md; `python -m tests.peers [SUITE] [ADAPTER …]`.

With a suite, the command regenerates only the suite's section of the page. With adapters, it prints that section, and
does not change the page.
"""

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

from tests.adapters.asgi_to_wsgi.contenders import ENVIRONMENT
from tests.peers.page import Column, render, section, sections
from tests.peers.suites import ROOT, SUITES, Suite

PAGE = ROOT / "docs" / "peers.md"
PATIENCE = "3"  # time limit of a test's waits, in seconds; an adapter that hangs costs this time per case


def column(suite: Suite, name: str) -> Column:
    """Return the suite's results for one adapter."""
    contender = suite.contenders[name]
    print(f"{suite.title}: {name} {version(contender.distribution)} …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "outcomes.json"
        environment = {**os.environ, ENVIRONMENT: name, "CONTRACT_PATIENCE": PATIENCE}
        command = [sys.executable, "-W", "ignore", "-m", "tests.peers.forking", suite.name, str(output)]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        outcomes = json.loads(output.read_text())
    return Column(name, contender.title, version(contender.distribution), outcomes)


def made(suite: Suite, names: list[str]) -> str:
    """Run the suite against these adapters, or all if none are given; return the section."""
    columns = [column(suite, name) for name in names or suite.contenders]
    machine = f"Python {platform.python_version()}, {platform.system()}"
    return section(suite, suite.chapters(), columns, dt.datetime.now(dt.UTC).date().isoformat(), machine)


def main(arguments: list[str]) -> None:
    wanted = [SUITES[argument] for argument in arguments if argument in SUITES] or list(SUITES.values())
    names = [argument for argument in arguments if argument not in SUITES]
    for suite in wanted:
        if unknown := set(names) - suite.contenders.keys():
            sys.exit(f"{suite.name} does not know {', '.join(sorted(unknown))}; it knows {', '.join(suite.contenders)}")
    fresh = {suite.name: made(suite, names) for suite in wanted}
    if names:
        print("\n".join(fresh.values()))
        return
    known = {**sections(PAGE.read_text() if PAGE.exists() else ""), **fresh}
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render({name: known[name] for name in SUITES if name in known}))
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main(sys.argv[1:])
