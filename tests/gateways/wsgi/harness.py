"""Call a WSGI app like a server, with wsgiref.validate checking both sides."""

import io
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from tests.gateways.cases import Request, Response


def environ_of(request: Request) -> dict[str, Any]:
    path, _, query = request.target.partition(b"?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "wsgi.input": io.BytesIO(request.body or b""),
    }
    if request.body is not None:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    setup_testing_defaults(environ)
    return environ


def ask(app: WSGIApplication, request: Request, **changes: Any) -> Response:
    """Make the request and return the complete response. `changes` updates the environ; None removes a key."""
    environ = environ_of(request)
    for name, value in changes.items():
        environ[name.replace("__", ".")] = value
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    pushed: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        assert not heads or exc_info, "a second head needs exc_info"
        assert not pushed, "a head that has been sent cannot be replaced"
        heads.append((status, headers))
        return pushed.append

    blocks = validator(app)(environ, start_response)
    try:
        body = b"".join([*blocks])
    finally:
        blocks.close()  # type: ignore[attr-defined]  # the validator's iterable has it
    status, headers = heads[-1]
    return Response(int(status[:3]), {name.lower(): value for name, value in headers}, b"".join(pushed) + body)
