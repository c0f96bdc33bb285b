"""Secrets of a request and a response, and all the places in a trace that may contain them."""

import base64
import json
from dataclasses import replace

import pytest

from gateways.events.events import Batch
from gateways.events.secrets import MASK
from gateways.trace.diagram import diagram
from gateways.trace.document import Line, Trace, all_steps, to_json
from gateways.trace.page import render
from gateways.trace.secrets import redacted
from gateways.trace.steps import lifespans_of, of_batches, of_connection
from gateways.trace.wire import Piece
from tests.gateways.trace.literal import trace

BASIC = base64.b64encode(b"ann:open sesame").decode()
REQUEST = f"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {BASIC}\r\ncookie: sid=abcdef99; b=1\r\n\r\n"
RESPONSE = "HTTP/1.1 200 OK\r\nSet-Cookie: csrf=zyxw4321; Path=/\r\nContent-Length: 20\r\n\r\n"
SECRETS = (BASIC, "open sesame", "abcdef99", "zyxw4321", "b=1")


def told(secret_in_body: bytes = b"welcome, open sesame") -> Trace:
    pieces = [
        Piece(10.0, "in", REQUEST.encode()),
        Piece(10.2, "out", RESPONSE.encode()),
        Piece(10.201, "out", secret_in_body),
    ]
    environ = {"HTTP_AUTHORIZATION": f"Basic {BASIC}", "HTTP_COOKIE": "sid=abcdef99; b=1", "HTTP_HOST": "h"}
    headers = [(b"authorization", f"Basic {BASIC}".encode()), (b"cookie", b"b=1"), (b"host", b"h")]
    set_cookie = [("Set-Cookie", "csrf=zyxw4321; Path=/")]
    wsgi = Batch(
        7,
        "wsgi",
        {},
        ((10.1, 1, 1, "environ", environ), (10.11, 1, 1, "start_response", ("200 OK", set_cookie, False))),
    )
    asgi = Batch(7, "asgi", {}, ((10.01, 1, 1, "scope", {"type": "http", "headers": headers}),))
    connection = of_connection(pieces)
    assert connection is not None
    steps = of_batches([asgi, wsgi], "wsgi", connection.began, lifespans_of([asgi, wsgi]))
    log = (Line(0.1, "user ann:open sesame with sid=abcdef99"),)
    return replace(trace("ours"), connection=connection, steps=all_steps(connection, steps), log=log)


def texts(of: Trace) -> dict[str, str]:
    return {
        "JSON": json.dumps(to_json(of)),
        "page": render(of),
        "terminal": "\n".join(line.plain for line in diagram(of, 100)),
    }


@pytest.mark.parametrize("secret", SECRETS)
def test_no_output_of_a_trace_contains_a_secret(secret: str) -> None:
    for form, text in texts(redacted(told())).items():
        assert secret not in text, form
        assert MASK in text


def test_other_data_is_not_changed() -> None:
    before, after = told(), redacted(told())
    assert [step.what for step in after.steps] == [step.what for step in before.steps]
    assert "Host: h" in texts(after)["JSON"]
    assert "welcome" in texts(after)["page"]
    assert after.connection is not None
    assert [name for name, _ in after.connection.request.headers] == ["Host", "Authorization", "cookie"]


def test_a_trace_without_secrets_is_not_changed() -> None:
    assert redacted(trace("ours")) == trace("ours")
