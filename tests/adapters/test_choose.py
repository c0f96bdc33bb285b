"""adapt() returns the adapter for each pair of interfaces, and its errors list the valid names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateways import adapters
from gateways.adapters import adapt


def app(*_: Any) -> Any:
    """Neither a WSGI nor an ASGI application, but callable: adapt() must not call it."""
    raise AssertionError("adapt() called the application")


@pytest.mark.parametrize("source", ["cgi", "wsgi", "asgi"])
@pytest.mark.parametrize("target", ["cgi", "wsgi", "asgi"])
def test_each_pair_of_interfaces_has_its_adapter(source: Any, target: Any, tmp_path: Path) -> None:
    given = tmp_path if source == "cgi" else app
    adapted = adapt(given, source, target)
    if source == target:
        assert adapted is given
    else:
        assert type(adapted) is getattr(adapters, f"{source.upper()}To{target.upper()}")


def test_options_go_to_the_adapter() -> None:
    with pytest.raises(ValueError, match="threads=0"):
        adapt(app, "wsgi", "asgi", threads=0)
    with pytest.raises(TypeError, match="colour"):
        adapt(app, "wsgi", "asgi", colour="red")


@pytest.mark.parametrize(("source", "target"), [("fcgi", "wsgi"), ("wsgi", "ASGI")])
def test_an_unknown_interface_is_reported_with_the_known_ones(source: Any, target: Any) -> None:
    with pytest.raises(ValueError, match="is not an interface; choose one of 'cgi', 'wsgi', 'asgi'"):
        adapt(app, source, target)


def test_each_public_name_can_be_imported_and_is_listed() -> None:
    for name in adapters.__all__:
        assert getattr(adapters, name) is not None
        assert name in dir(adapters)
    with pytest.raises(AttributeError, match="no attribute 'WSGIToFCGI'"):
        adapters.WSGIToFCGI  # noqa: B018
