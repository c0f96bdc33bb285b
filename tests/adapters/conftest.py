"""The adapters' tests run on no server, whatever servers other tests have imported."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the modules by which on_asgi/servers.py recognizes the server of this process."""
    for name in ("uvicorn.protocols.http", "uvicorn.protocols.http.httptools_impl", "hypercorn.protocol"):
        monkeypatch.delitem(sys.modules, name, raising=False)
