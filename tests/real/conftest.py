"""Servers shared by many tests: each is started once, and its tests run together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real import asgi_servers
from tests.real.wsgi_servers import WSGI_SERVERS, Site, site

DOWNLOAD = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture(scope="session", params=WSGI_SERVERS)
def wsgi(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A WSGI server with all ASGI apps of tests/real/apps."""
    with site(request.param, download=DOWNLOAD) as running:
        yield running


@pytest.fixture(scope="session", params=asgi_servers.ASGI_SERVERS)
def asgi(request: pytest.FixtureRequest) -> Iterator[asgi_servers.Site]:
    """An ASGI server with all WSGI apps of tests/real/apps."""
    with asgi_servers.site(request.param) as running:
        yield running
