"""Send requests to CGI programs through the CGI host, which checks their output against RFC 3875 and logs faults."""

import logging
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateways.check.send.wsgi import environ
from gateways.check.watch.notes import Notes
from gateways.failure import Failure
from gateways.requests.request import Request
from gateways.serving.settings import Settings
from gateways.serving.target import PROGRAMS

MAX_PROGRAMS = 16
"""Maximum number of programs of a folder that the check runs."""


def paths(target: str, is_site: bool) -> list[str]:
    """Return the paths of up to MAX_PROGRAMS programs: "/" for a single program, "/name" in a folder, "/cgi-bin/name"
    in a site.

    Raises:
        Failure: the folder has no programs.
    """
    folder = Path(target)
    if not folder.is_dir():
        return ["/"]
    folders = [folder / name for name in PROGRAMS] if is_site else [folder]
    files = sorted(file for each in folders for file in each.rglob("*"))
    found = [f"/{each.relative_to(folder)}" for each in files if each.is_file() and os.access(each, os.X_OK)]
    if not found:
        below = " or ".join(PROGRAMS)
        raise Failure(f"the folder {target!r} has no CGI program (an executable file below {below}) to check")
    return found[:MAX_PROGRAMS]


def send_all(target: str, is_site: bool, requests: Sequence[Request], notes: Notes) -> dict[str, str]:
    """Send each request once to its program, run as by `gateways serve`, and return the statuses."""
    from gateways.cgi.server import host

    secret = secrets.token_hex(16)
    log_lines = _LogLines()
    logging.getLogger("gateways.cgi").addHandler(log_lines)
    app: Any = host(target, "CGIToWSGI", Settings(files=is_site, environment=(f"GATEWAYS_CHECK={secret}",)))
    statuses = {}
    for request in requests:
        notes.request = request.label
        log_lines.lines.clear()
        status, body = _send(app, request)
        statuses[notes.request] = status
        if secret.encode() in body:
            notes.add("shown-environment", "the value of GATEWAYS_CHECK is in the body")
        if status.startswith("502") and log_lines.lines:
            notes.add("breach", log_lines.lines[-1], clause="RFC 3875, 6: the program's response", remedy=_REMEDY)
    app.close()
    return statuses


_REMEDY = "write 'Content-Type: text/plain', an empty line and the body to stdout; write messages to stderr"


def _send(app: Any, request: Request) -> tuple[str, bytes]:
    statuses: list[str] = []

    def start_response(status: str, _headers: Any, _exc_info: Any = None) -> Any:
        statuses.append(status)

    result = app(environ(request), start_response)
    try:
        body = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return statuses[-1], body


class _LogLines(logging.Handler):
    """Collects the lines of warnings and errors, and writes them to stderr: they contain the stderr of programs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        print(self.lines[-1], file=sys.stderr, flush=True)
