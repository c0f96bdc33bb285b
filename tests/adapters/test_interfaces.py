"""An application of the other interface is refused when the adapter is created, and no other one."""

from __future__ import annotations

import functools
from typing import Any

import bottle
import falcon
import falcon.asgi
import flask
import pytest
from starlette.applications import Starlette

from gateways.adapters import ASGIToCGI, ASGIToWSGI, WSGIToASGI
from gateways.adapters.interfaces import is_asgi, is_wsgi


def wsgi(environ: Any, start_response: Any) -> Any:
    """A WSGI application."""


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application."""


class Methods:
    """Applications that are methods."""

    def wsgi(self, environ: Any, start_response: Any) -> Any:
        """A WSGI application."""

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """An ASGI application."""


WSGI = [wsgi, Methods().wsgi, flask.Flask("a"), falcon.App(), bottle.Bottle(), WSGIToASGI(wsgi).app]
ASGI = [asgi, Methods().asgi, Starlette(), falcon.asgi.App(), WSGIToASGI(wsgi), ASGIToWSGI(asgi).app]
UNKNOWN = [functools.partial(wsgi), functools.partial(asgi), Methods, lambda *given: given, print]


@pytest.mark.parametrize("app", WSGI, ids=lambda app: type(app).__name__)
def test_a_wsgi_application_is_recognised_and_refused_by_asgi_adapters(app: Any) -> None:
    assert (is_wsgi(app), is_asgi(app)) == (True, False)
    WSGIToASGI(app).close()
    for adapter in (ASGIToWSGI, ASGIToCGI):
        with pytest.raises(TypeError, match=r"is a WSGI application"):
            adapter(app)


@pytest.mark.parametrize("app", ASGI, ids=lambda app: type(app).__name__)
def test_an_asgi_application_is_recognised_and_refused_by_wsgi_to_asgi(app: Any) -> None:
    assert (is_wsgi(app), is_asgi(app)) == (False, True)
    ASGIToWSGI(app).close()
    with pytest.raises(TypeError, match=r"is an ASGI application"):
        WSGIToASGI(app)


@pytest.mark.parametrize("app", UNKNOWN, ids=lambda app: type(app).__name__)
def test_an_application_of_unknown_kind_is_accepted(app: Any) -> None:
    assert (is_wsgi(app), is_asgi(app)) == (False, False)
    WSGIToASGI(app).close()
    ASGIToWSGI(app).close()
