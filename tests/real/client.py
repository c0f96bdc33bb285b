"""An HTTP/1.1 client for tests: one connection for each request, and the response as it came.

Knows http.client and the requests of tests/gateways/cases.py. It must not know what is asked of whom.
"""

import contextlib
import http.client
from collections.abc import Iterator

from tests.gateways.cases import Request, Response
from tests.real.serving import Running

OF_THE_SERVER = {"date", "server", "via", "connection", "keep-alive", "transfer-encoding"}
"""Headers that the server adds, by its own rules, to what the app says (how a body without length is framed, say)."""


@contextlib.contextmanager
def connected(server: Running, timeout: float = 15.0) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=timeout)) as connection:
        yield connection


@contextlib.contextmanager
def responding(server: Running, request: Request, timeout: float = 15.0) -> Iterator[http.client.HTTPResponse]:
    """Make the request; its response, of which only the head has been read. The connection ends with the block."""
    with connected(server, timeout) as connection:
        length = {} if request.body is None else {"Content-Length": str(len(request.body))}
        connection.request(request.method, request.target.decode("latin-1"), request.body, length)
        with connection.getresponse() as response:
            yield response


def ask(server: Running, request: Request) -> Response:
    """Make the request, and take the whole response, without the headers that are the server's own."""
    with responding(server, request) as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        of_the_app = {name: value for name, value in headers.items() if name not in OF_THE_SERVER}
        return Response(response.status, of_the_app, response.read())
