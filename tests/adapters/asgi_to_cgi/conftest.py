"""Fixtures for ASGI only."""

from pathlib import Path

import pytest

from tests.adapters.on_cgi.running import Runner


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs the ASGI applications."""
    return Runner("asgi", tmp_path)
