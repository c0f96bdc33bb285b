"""What a CGI host answers in a program's place when it cannot start one, and how it logs its refusals.

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
    """503 with Retry-After: as many programs run as may, and as many requests wait, or this one has waited too long."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, detail, **{"Retry-After": str(RETRY_AFTER)})


def not_started(error: OSError, script: Script) -> Refused:
    """The refusal for a program that the operating system did not start."""
    name = os.fsdecode(script.file)
    if error.errno == errno.E2BIG:
        return Refused(431, f"{name}: the request's headers do not fit into an environment")
    if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        return Refused(503, f"{name} cannot be started now: {error}", **{"Retry-After": "1"})
    if error.errno in (errno.ENOEXEC, errno.ENOENT):
        return Refused(500, f"{name} cannot be run: {error}; {_first_line(script.file)}")
    return Refused(500, f"{name} cannot be run: {error}")


def _first_line(file: bytes) -> str:
    """What to do about the program's first line."""
    try:
        with open(file, "rb") as program:
            line = program.readline(256)
    except OSError:
        line = b""
    if line.startswith(b"#!") and line.endswith(b"\r\n"):
        return "its first line ends in CR LF, and the kernel takes the CR for part of the name: save it with LF alone"
    return "its first line must name its interpreter, e.g. '#!/bin/sh'"


def log_refusal(method: str, path: str, refusal: Refused) -> None:
    """Log a refusal: at ERROR where the programs are at fault, at INFO where the request is."""
    level = (
        logging.ERROR if refusal.status >= 500 else logging.INFO if refusal.status in (302, 404) else logging.WARNING
    )
    log.log(level, "%s %r: %d: %s", method, path, refusal.status, printable(str(refusal)))
