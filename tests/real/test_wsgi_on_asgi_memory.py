"""Large bodies to and from a WSGI app on ASGI servers: memory use stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.asgi_servers import ASGI_SERVERS, BUFFERING, Site, site
from tests.real.memory import MB, Growth, download, needs_peaks, upload

LIMIT = 16 * MB  # accepted growth of the server's memory
UPLOAD, DOWNLOAD = 200, 100  # MB
RATE = 80e6  # bytes per second of a client that is slower than the app

pytestmark = needs_peaks


@pytest.fixture(scope="module", params=[name for name in ASGI_SERVERS if name not in BUFFERING])
def large(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A new server without earlier large bodies, because reused memory could hide growth."""
    with site(request.param, app="tests.real.apps.wsgi_large:app") as running:
        upload(running.server, "/", 2, chunked=False)
        upload(running.server, "/", 2, chunked=True)
        download(running.server, "/stream?blocks=2", RATE)
        yield running


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_an_upload_of_200_mb_is_not_kept_in_memory(large: Site, chunked: bool) -> None:
    growth = Growth(large.server)
    assert int(upload(large.server, "/", UPLOAD, chunked)) == UPLOAD * MB
    assert growth.bytes < LIMIT


@pytest.mark.parametrize("path", ["/stream", "/file"])
def test_a_download_of_100_mb_to_a_slow_client_does_not_accumulate_in_memory(large: Site, path: str) -> None:
    growth = Growth(large.server)
    assert download(large.server, f"{path}?blocks={DOWNLOAD}", RATE) == DOWNLOAD * MB
    assert growth.bytes < LIMIT


@pytest.mark.parametrize("name", BUFFERING)
def test_the_excluded_servers_themselves_keep_large_bodies_in_memory(name: str) -> None:
    """These servers fail with a native ASGI app too, so no adapter can avoid the failure. If a server passes here,
    remove it from the list.
    """
    with site(name, app="tests.real.apps.wsgi_large:native") as native:
        growth = Growth(native.server)
        upload(native.server, "/", UPLOAD, chunked=False)
        assert growth.bytes > 2 * LIMIT
    with site(name, app="tests.real.apps.wsgi_large:native") as native:
        growth = Growth(native.server)
        download(native.server, f"/stream?blocks={DOWNLOAD}", RATE)
        assert growth.bytes > 2 * LIMIT
