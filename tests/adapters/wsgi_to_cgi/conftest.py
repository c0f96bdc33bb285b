"""Fixtures for WSGI only."""

from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import Runner


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs the WSGI applications."""
    return Runner("wsgi", tmp_path)
