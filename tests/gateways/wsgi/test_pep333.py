"""The WSGI of 2003: the same responses as in today's WSGI, in the old style."""

from typing import Any

import pytest

from gateways.wsgi.app import app
from gateways.wsgi.pep333 import app as old
from tests.gateways.cases import CASES, Request, Response, post
from tests.gateways.wsgi.harness import ask, environ_of

SHOWN = [(request, response) for request, response in CASES if request.target.startswith((b"/hello?", b"/stream"))]


@pytest.mark.parametrize(("request_", "response"), SHOWN, ids=str)
def test_the_pep_333_app_responds_as_the_current_app(request_: Request, response: Response) -> None:
    answer = ask(old, request_)
    assert (answer.status, answer.body) == (response.status, response.body)
    assert answer.headers["content-type"] == response.headers["content-type"]


def test_other_routes_and_methods_are_refused() -> None:
    assert ask(old, Request(b"/json")).status == 404
    assert ask(old, post(b"/hello", b"")) == ask(app, post(b"/hello", b""))


def test_a_stream_is_pushed_by_write() -> None:
    pushed: list[bytes] = []
    body = old(environ_of(Request(b"/stream?chunks=2&delay=0")), lambda *_: pushed.append)
    assert pushed == [b"chunk 1 of 2\n", b"chunk 2 of 2\n"]
    assert body == []


def test_an_error_replaces_the_response_headers_by_exc_info() -> None:
    heads: list[tuple[Any, ...]] = []
    [*_] = old(environ_of(Request(b"/stream?chunks=0")), lambda *head: heads.append(head) or print)  # type: ignore[func-returns-value]
    (first, _), (second, _, (kind, error, traceback)) = heads
    assert (first, second) == ("200 OK", "400 Bad Request")
    assert isinstance(error, kind)
    assert traceback is error.__traceback__
