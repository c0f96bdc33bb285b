"""The command line of a CGI program that no web server has started: a usage text, one request, or a local server.

Knows the command line, and the environment of one request. It must not know how an application is called.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ..errors import BadRequest
from ..mapping.lengths import content_length

if TYPE_CHECKING:
    from collections.abc import Callable
    from socketserver import BaseServer

    Environ = dict[str, Any]

_PORT = 8000


def run_locally(run: Callable[[], None], as_wsgi: Callable[[], Any]) -> None:
    """Run the command line.

    With a path as argument, `run` serves one request for that path. With `--serve`, a local server serves `as_wsgi()`.
    For other arguments, or without arguments, print the usage and raise SystemExit(2).
    """
    arguments = sys.argv[1:]
    if len(arguments) == 1 and arguments[0].startswith("/"):
        os.environb.update(_request(os.fsencode(arguments[0])))
        run()
    elif arguments[:1] == ["--serve"] and all(port.isdecimal() for port in arguments[1:]) and len(arguments) <= 2:
        _serve(as_wsgi(), int(arguments[1]) if arguments[1:] else _PORT)
    else:
        program = f"python {sys.argv[0]}"
        sys.stderr.write(
            f"{sys.argv[0]} is a CGI program: a web server runs it for each request (GATEWAY_INTERFACE is not set).\n"
            f"  {program} '/path?query'  makes one request and prints the response\n"
            f"  {program} --serve [port]  serves it on this machine, default port: {_PORT}\n"
        )
        sys.exit(2)


def _request(target: bytes) -> dict[bytes, bytes]:
    path, _, query = target.partition(b"?")
    return {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"REQUEST_METHOD": b"GET",
        b"SCRIPT_NAME": b"",
        b"PATH_INFO": unquote_to_bytes(path),
        b"QUERY_STRING": query,
        b"REQUEST_URI": target,
        b"SERVER_NAME": b"localhost",
        b"SERVER_PORT": b"80",
        b"SERVER_PROTOCOL": b"HTTP/1.1",
        b"REMOTE_ADDR": b"127.0.0.1",
        b"HTTP_HOST": b"localhost",
    }


def _serve(app: Any, port: int) -> None:
    from wsgiref.simple_server import make_server

    def bounded(environ: Environ, start_response: Any) -> Any:
        """Make reading wsgi.input stop at the end of the body, as in a CGI program."""
        try:
            length = content_length((environ.get("CONTENT_LENGTH") or "0",))
        except BadRequest as error:
            start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"{error}\n".encode()]
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"], environ["wsgi.input_terminated"] = io.BytesIO(body), True
        return app(environ, start_response)

    try:
        server = make_server("127.0.0.1", port, bounded)
    except (OSError, OverflowError) as error:
        sys.exit(f"{sys.argv[0]}: cannot use port {port}: {error}; choose another, or --serve 0 for any free port")
    with server:
        print(f"http://127.0.0.1:{server.server_port}/ (press Ctrl-C to stop)", file=sys.stderr)
        _serve_until_interrupted(server)


def _serve_until_interrupted(server: BaseServer) -> None:
    interrupted = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True  # set a flag, because wsgiref discards an exception while it handles a request
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        while not interrupted:
            server.handle_request()
    except KeyboardInterrupt:
        print(file=sys.stderr)
