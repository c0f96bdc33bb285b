"""Response headers without a block: which write() is called, and which never."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateways.adapters.on_wsgi.early_head import send_head


class Written:
    """A write() of a given module, which notes its calls."""

    def __init__(self, module: str) -> None:
        self.__module__ = module
        self.blocks: list[bytes] = []

    def __call__(self, block: bytes) -> None:
        self.blocks.append(block)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("waitress.task", "WSGITask"),
        ("cheroot.wsgi", "Gateway"),
        ("gevent.pywsgi", "WSGIHandler"),
        ("twisted.web.wsgi", "_WSGIResponse"),
    ],
)
def test_a_server_that_waits_for_a_block_gets_an_empty_write(module: str, kind: str) -> None:
    """PEP 3333, "The start_response() Callable": the first call of write() sends the headers."""
    pytest.importorskip(module)
    write = Written(getattr(import_module(module), kind).write.__module__)
    send_head(write)
    assert write.blocks == [b""]


@pytest.mark.parametrize("module", ["eventlet.wsgi", "gunicorn.http.wsgi", "shop.middleware"])
def test_another_write_is_not_called(module: str) -> None:
    """The one of eventlet would end the body; WebOb's is append() of a list, after which it collects the whole body."""
    write = Written(module)
    send_head(write)
    assert write.blocks == []


def test_a_start_response_without_write_is_accepted() -> None:
    send_head(None)
    send_head([].append)
