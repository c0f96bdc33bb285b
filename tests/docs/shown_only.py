"""Blocks of the pages that no test runs, with reasons. Each line is a gap in the tests. Pure."""

import re

SHOWN_ONLY = {
    r"(\.venv/bin/)?pip install ": "there is no network here; tests/test_packaging.py installs",
    r"make (?!demo\b)": "these are tests, builds and measurements; that the target exists is tested",
    r"bash \.ci/run": "these are the tests",
    r"sudo systemctl ": "there is no systemd to talk to; tests/real/test_deploy.py starts the units' commands",
    r"uvicorn --uds /run": "tests/real/test_deploy.py runs it elsewhere than in /run",
    r"\w+\$ ": "it is for another machine",
    r"gateways compare(?!.*--(from|export-locustfile|help))": "it measures for minutes; its options are tested",
}
"""Reasons, by the beginning of a command."""

DRAWINGS = {"text": "a drawing: it says nothing that could be run"}
"""Reasons, by the language of a block."""


def why_not(command: str) -> str | None:
    """Return the reason why a command is not run; None if it is run."""
    return next((why for pattern, why in SHOWN_ONLY.items() if re.match(pattern, command)), None)
