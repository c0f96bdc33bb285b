"""Every test here runs with the WSGI and with the ASGI applications."""

from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import SIDES, Runner


@pytest.fixture(params=SIDES)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs the WSGI applications, then the ASGI applications with the same names."""
    return Runner(request.param, tmp_path)
