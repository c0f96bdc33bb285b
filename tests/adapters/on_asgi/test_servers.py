"""Response headers in the form that an ASGI server supports; the module of the server tells which one it is."""

from __future__ import annotations

import sys
from email.utils import formatdate
from types import ModuleType

import pytest

from gateways.adapters.on_asgi.servers import supported

TYPE, LENGTH = (b"content-type", b"text/plain"), (b"content-length", b"5")


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Pretend that only this server is loaded."""
    name: str = request.param
    for each in ("uvicorn", "hypercorn"):
        monkeypatch.delitem(sys.modules, each, raising=False)
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    return name


def on(*servers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", servers, indirect=True)


@on("uvicorn")
def test_a_304_on_uvicorn_has_no_content_length(server: str) -> None:
    """With httptools, uvicorn closes the connection after such a response, and logs an error."""
    assert supported(304, [TYPE, LENGTH]) == (304, [TYPE])


@on("hypercorn", "daphne")
def test_a_304_on_another_server_keeps_its_content_length(server: str) -> None:
    assert supported(304, [TYPE, LENGTH]) == (304, [TYPE, LENGTH])


@on("uvicorn")
def test_a_status_above_599_becomes_500_on_uvicorn(server: str) -> None:
    """Otherwise uvicorn closes the connection without a response."""
    assert supported(600, [TYPE, LENGTH]) == (500, [TYPE, LENGTH])
    assert supported(599, [TYPE]) == (599, [TYPE])


@on("hypercorn", "daphne")
def test_a_status_above_599_is_sent_on_another_server(server: str) -> None:
    assert supported(600, [TYPE]) == (600, [TYPE])


@on("uvicorn", "hypercorn", "daphne")
def test_a_current_date_is_left_to_a_server_that_adds_its_own(server: str) -> None:
    date, old = (b"date", formatdate(usegmt=True).encode()), (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")
    assert supported(200, [TYPE, date]) == (200, [TYPE, date] if server == "daphne" else [TYPE])
    assert supported(200, [TYPE, old]) == (200, [TYPE, old])
