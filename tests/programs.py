"""Find programs that some tests use: those of the system (curl, lighttpd, a browser), and uWSGI."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.pythons import require


def require_program(name: str) -> str:
    """Return the absolute path of the program `name`.

    If it is missing, the test is skipped with the reason. In continuous integration (CI=true) it fails instead, because
    a skip would hide that nothing was tested.
    """
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin")
    if path is not None:
        return path
    _missing(f"the program {name!r} is not installed")


def require_uwsgi() -> str:
    """Return the path of the uWSGI that is built for this Python.

    The test is skipped on Pythons for which pyuwsgi cannot be installed (tests/pythons.py).
    """
    require("pyuwsgi")
    program = Path(sys.executable).with_name("uwsgi")
    if not program.exists():
        _missing("uWSGI is not installed for this Python: pip install pyuwsgi")
    return str(program)


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and on CI nothing may be skipped for that")
    pytest.skip(reason)
