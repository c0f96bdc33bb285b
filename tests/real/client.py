"""An HTTP/1.1 client for tests. It uses one connection per request, and returns the response unchanged.

Knows http.client and the requests of tests/gateways/cases.py. It must not know servers or the meaning of requests.
"""

import contextlib
import http.client
from collections.abc import Iterator

import httpx

from tests.gateways.cases import Request, Response
from tests.real.serving import Running

KEPT = httpx.Limits(keepalive_expiry=1.0)
"""Limits for a client of a real server. gunicorn closes an idle connection after 2 seconds, others after 5, which is
httpx's default, too: a request that is sent at that moment gets no response ("Server disconnected")."""

OF_THE_SERVER = {"date", "server", "via", "connection", "keep-alive", "transfer-encoding"}
"""Headers that the server adds to the app's, by its own rules (e.g. the framing of a body without a length)."""


@contextlib.contextmanager
def connected(server: Running, timeout: float = 15.0) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=timeout)) as connection:
        yield connection


@contextlib.contextmanager
def responding(server: Running, request: Request, timeout: float = 15.0) -> Iterator[http.client.HTTPResponse]:
    """Make the request; yield its response after the headers. The connection ends with the block."""
    with connected(server, timeout) as connection:
        length = {} if request.body is None else {"Content-Length": str(len(request.body))}
        connection.request(request.method, request.target.decode("latin-1"), request.body, length)
        with connection.getresponse() as response:
            yield response


def ask(server: Running, request: Request) -> Response:
    """Make the request, and return the complete response without the server's own headers."""
    with responding(server, request) as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        of_the_app = {name: value for name, value in headers.items() if name not in OF_THE_SERVER}
        return Response(response.status, of_the_app, response.read())
