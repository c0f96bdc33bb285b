"""Build the pip command that installs missing packages for the running Python, from the source of this installation.

Knows where this project was installed from (PEP 610) and which Python runs it. It must not know which command needs
which package.
"""

import json
import os
import shlex
import sys
from pathlib import Path


def install_line(extra: str = "toolkit") -> str:
    """Return a command that installs this project with `extra`, e.g. ".venv/bin/python -m pip install -e '.[compare]'".

    In a clone, the command installs the clone. Elsewhere, it installs from the file, folder or repository that this
    project was installed from.
    """
    root = Path(__file__).parents[1]
    if (root / "pyproject.toml").is_file():
        here = _shortened(root) if root != Path.cwd() else "."
        what = f"-e {shlex.quote(f'{here}[{extra}]')}"
    else:
        source = _source()
        what = shlex.quote(f"gateways[{extra}] @ {source}" if source else f"gateways[{extra}]")
    return f"{shlex.quote(_shortened(Path(sys.executable)))} -m pip install {what}"


def _source() -> str | None:
    """Return the URL that this project was installed from; None for a package index."""
    from importlib.metadata import PackageNotFoundError, distribution  # slow to import

    try:
        recorded = distribution("gateways").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    if not recorded:
        return None
    found = json.loads(recorded)
    scheme = f"{found['vcs_info']['vcs']}+" if "vcs_info" in found else ""
    return f"{scheme}{found['url']}"


def _shortened(path: Path) -> str:
    """Return the path relative to the current folder if that folder contains it. Otherwise return it unchanged."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
