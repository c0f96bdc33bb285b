"""A new folder of warm programs for each test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.run_cgi.asking import Asker
from tests.adapters.run_cgi.warm.warming import KINDS, warm_asker

if sys.platform != "linux":
    pytest.skip("warm programs need Linux", allow_module_level=True)


@pytest.fixture(params=KINDS)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asker]:
    """Each kind of host."""
    asker = warm_asker(request.param, tmp_path)
    yield asker
    asker.host.close()


@pytest.fixture
def ask_one(tmp_path: Path) -> Iterator[Asker]:
    """One kind of host, for tests that do not depend on the kind."""
    asker = warm_asker("wsgi", tmp_path)
    yield asker
    asker.host.close()
