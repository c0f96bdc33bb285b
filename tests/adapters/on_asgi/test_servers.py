"""Response headers in the form that an ASGI server supports; the module of the server tells which one it is."""

from __future__ import annotations

import sys
from email.utils import formatdate
from types import ModuleType

import pytest

from gateways.adapters.on_asgi.servers import supported

RUNNING = {
    "uvicorn": ("uvicorn.protocols.http", "uvicorn.protocols.http.httptools_impl"),
    "uvicorn with h11": ("uvicorn.protocols.http",),
    "hypercorn": ("hypercorn.protocol",),
    "daphne": (),
    "another, imported uvicorn": ("uvicorn",),
}
"""Modules that each server imports when it runs."""

ADD_DATE = ("uvicorn", "uvicorn with h11", "hypercorn")

TYPE, LENGTH = (b"content-type", b"text/plain"), (b"content-length", b"5")


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Pretend that only this server runs. tests/adapters/conftest.py hides the others."""
    name: str = request.param
    for module in RUNNING[name]:
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    return name


def on(*servers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", servers, indirect=True)


@on("uvicorn")
def test_a_304_on_uvicorn_has_no_content_length(server: str) -> None:
    """With httptools, uvicorn closes the connection after such a response, and logs an error."""
    assert supported(304, [TYPE, LENGTH]) == (304, [TYPE])


@on("uvicorn")
def test_a_304_on_uvicorn_keeps_a_content_length_of_zero(server: str) -> None:
    """Django sends it, and uvicorn supports it."""
    assert supported(304, [TYPE, (b"content-length", b"0")]) == (304, [TYPE, (b"content-length", b"0")])


@on("uvicorn with h11", "hypercorn", "daphne", "another, imported uvicorn")
def test_a_304_on_another_server_keeps_its_content_length(server: str) -> None:
    assert supported(304, [TYPE, LENGTH]) == (304, [TYPE, LENGTH])


@on("uvicorn", "uvicorn with h11")
def test_a_status_above_599_becomes_500_on_uvicorn(server: str) -> None:
    """Otherwise uvicorn closes the connection without a response."""
    assert supported(600, [TYPE, LENGTH]) == (500, [TYPE, LENGTH])
    assert supported(599, [TYPE]) == (599, [TYPE])


@on("hypercorn", "daphne", "another, imported uvicorn")
def test_a_status_above_599_is_sent_on_another_server(server: str) -> None:
    assert supported(600, [TYPE]) == (600, [TYPE])


@on(*RUNNING)
def test_a_current_date_is_left_to_a_server_that_adds_its_own(server: str) -> None:
    date, old = (b"date", formatdate(usegmt=True).encode()), (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")
    assert supported(200, [TYPE, date]) == (200, [TYPE] if server in ADD_DATE else [TYPE, date])
    assert supported(200, [TYPE, old]) == (200, [TYPE, old])
