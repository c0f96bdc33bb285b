"""Run the CGI program like a server: an environment, three pipes, and its response headers."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tests.gateways.cases import Request, Response

PROGRAM = Path(__file__).resolve().parents[3] / "gateways" / "cgi" / "app.py"


def environment_of(request: Request, **changes: str) -> dict[bytes, bytes]:
    path, _, query = request.target.partition(b"?")
    variables = {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"REQUEST_METHOD": request.method.encode(),
        b"SCRIPT_NAME": b"",
        b"PATH_INFO": unquote_to_bytes(path),
        b"QUERY_STRING": query,
    }
    if request.body is not None:
        variables[b"CONTENT_LENGTH"] = b"%d" % len(request.body)
    return variables | {name.encode(): value.encode() for name, value in changes.items()}


@contextlib.contextmanager
def program(request: Request, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """The running program, with unbuffered pipes. If it has not exited at the end of the block, it is killed."""
    pipe = subprocess.PIPE
    environment = environment_of(request, **changes)
    with subprocess.Popen(
        [sys.executable, PROGRAM], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(request: Request, **changes: str) -> bytes:
    """Run the program to its end; return its output. It must exit with 0 and write nothing to stderr."""
    with program(request, **changes) as process:
        output, complaints = process.communicate(request.body or b"", timeout=20)
    assert (process.returncode, complaints) == (0, b"")
    return output


def response_of(output: bytes) -> Response:
    head, _, body = output.partition(b"\r\n\r\n")
    (name, status), *headers = (line.split(": ", 1) for line in head.decode().split("\r\n"))
    assert name == "Status"
    return Response(int(status[:3]), {name.lower(): value for name, value in headers}, body)


def ask(request: Request, **changes: str) -> Response:
    """Make the request, and return the complete response."""
    return response_of(run(request, **changes))
