"""The folder of misbehaving programs, and hosts for it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI
from gateways.adapters.run_cgi.host import CGIHost
from tests.adapters.run_cgi.asking import Asker, InASGI, InWSGI
from tests.adapters.run_cgi.folder import copy_programs
from tests.adapters.run_cgi.leftovers import zombies
from tests.real.serving import eventually


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder."""
    return copy_programs(tmp_path_factory.mktemp("cgi") / "cgi-bin")


Hosting = Callable[..., Asker]


@pytest.fixture(params=["asgi", "wsgi"])
def hosting(request: pytest.FixtureRequest, programs: Path) -> Iterator[Hosting]:
    """Create a host with options, for the folder or for `program`. The host is closed after the test."""
    hosts: list[CGIHost] = []

    def make(program: str | Path = programs, **options: Any) -> Asker:
        asker: InASGI | InWSGI
        asker = (
            InASGI(CGIToASGI(program, **options)) if request.param == "asgi" else InWSGI(CGIToWSGI(program, **options))
        )
        hosts.append(asker.host)
        return asker

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def ask(hosting: Hosting) -> Asker:
    """A host of the folder, without options."""
    return hosting()


@pytest.fixture
def earlier_programs_are_reaped() -> None:
    """Wait for programs of earlier tests, because a terminated program is reaped only after a grace period."""
    eventually(lambda: not zombies(os.getpid()), "programs of earlier tests are reaped")
