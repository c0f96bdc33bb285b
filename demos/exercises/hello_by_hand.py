"""Exercise 1: what does a server do with a WSGI app? First call the app yourself, as a
server would. Then use wsgiref.

What you see: a WSGI app is a function. Its arguments are a dict and a function, and it
returns blocks of bytes. You can call it without a server, a socket or a thread.
`validator` reports violations of PEP 3333 by the app and by the server. To see such a
report, remove the close(), or return a str.

    $ python -m demos.exercises.hello_by_hand
    $ python -m demos.exercises.hello_by_hand --serve 8000
"""

import sys
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = f"Hello from {environ['PATH_INFO']}\n".encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def call(app: Any, path: str) -> str:
    """Act as the server: make the environ, call the app, join the blocks, close the
    iterable.
    """
    received: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Any:
        received.extend(
            [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), ""]
        )
        return received.append

    environ: WSGIEnvironment = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    blocks = app(environ, start_response)
    try:
        received.extend(block.decode() for block in blocks)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()
    return "\n".join(received)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        with make_server("127.0.0.1", int(sys.argv[2]), validator(hello)) as server:
            server.serve_forever()
    print(call(validator(hello), "/by/hand"), end="")
