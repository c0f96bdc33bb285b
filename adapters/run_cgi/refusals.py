"""The error responses of a CGI host that cannot start a program, and their log lines.

Knows errors, statuses and the log. It must not know how a program is started.
"""

from __future__ import annotations

import errno
import logging
import os

from ..stats import RETRY_AFTER
from .log import log, printable
from .script import Refused, Script


class Overloaded(Refused):
    """503 with Retry-After: no slot is free and the queue is full, or the request has waited too long."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, detail, **{"Retry-After": str(RETRY_AFTER)})


def not_started(error: OSError, script: Script) -> Refused:
    """Return the refusal for a program that the operating system could not start."""
    name = os.fsdecode(script.file)
    if error.errno == errno.E2BIG:
        return Refused(431, f"{name}: the request headers do not fit into an environment")
    if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return Refused(503, f"cannot start {name} now: {error}", **{"Retry-After": "1"})
    if error.errno in (errno.ENOEXEC, errno.ENOENT):
        return Refused(500, f"cannot run {name}: {error}; {_first_line(script.file)}")
    return Refused(500, f"cannot run {name}: {error}")


def _first_line(file: bytes) -> str:
    """Return advice on the first line of the program."""
    try:
        with open(file, "rb") as program:
            line = program.readline(256)
    except OSError:
        line = b""
    if line.startswith(b"#!") and line.endswith(b"\r\n"):
        return "its first line ends in CR LF, and the kernel treats the CR as part of the name: save it with LF only"
    return "its first line must name its interpreter, e.g. '#!/bin/sh'"


def log_refusal(method: str, path: str, refusal: Refused) -> None:
    """Log a refusal. The level depends on its status: ERROR for 500 and higher, INFO for 302 and 404, else WARNING."""
    level = (
        logging.ERROR if refusal.status >= 500 else logging.INFO if refusal.status in (302, 404) else logging.WARNING
    )
    log.log(level, "%s %r: %d: %s", method, path, refusal.status, printable(str(refusal)))
