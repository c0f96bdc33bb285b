"""How what is not installed is had: one command, for this Python, wherever the shell's own `pip` belongs to.

Knows where this project lies and which Python runs it. It must not know what needs what.
"""

import os
import shlex
import sys
from pathlib import Path


def install_line(extra: str = "") -> str:
    """What installs this project with that extra from its clone: ".venv/bin/python -m pip install -e '.[compare]'"."""
    root = Path(__file__).parents[1]
    is_clone = (root / "pyproject.toml").is_file()
    here = _shortened(root) if is_clone and root != Path.cwd() else "."
    what = f"{here}[{extra}]" if extra else here
    editable = "-e " if is_clone else ""
    return f"{shlex.quote(_shortened(Path(sys.executable)))} -m pip install {editable}{shlex.quote(what)}"


def _shortened(path: Path) -> str:
    """The path from here, where it is below or the same."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
