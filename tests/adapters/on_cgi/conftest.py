"""Every test here runs an application of each interface: the same for both."""

from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import SIDES, Runner


@pytest.fixture(params=SIDES)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs the WSGI applications, then the ASGI applications of the same names."""
    return Runner(request.param, tmp_path)
