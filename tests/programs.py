"""Find system programs that some tests use (curl, lighttpd, a browser)."""

import os
import shutil

import pytest


def require_program(name: str) -> str:
    """Return the absolute path of the program `name`.

    If it is missing, the test is skipped with the reason. In continuous integration (CI=true) it fails instead, because
    a skip would hide that nothing was tested.
    """
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin")
    if path is not None:
        return path
    reason = f"the program {name!r} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and on CI nothing may be skipped for that")
    pytest.skip(reason)
