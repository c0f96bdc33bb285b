"""Run the server process: `python -m gateways.serving JOB`. gateways.serving.process starts it.

It loads the app, wraps it in the observer, and runs the server on the inherited socket. It exits when its parent
process exits for any reason.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from types import FrameType
from typing import NoReturn

from gateways.failure import Failure
from gateways.serving.aborted import leave_out_aborted
from gateways.serving.adapting import adapted
from gateways.serving.addresses import vary_addresses
from gateways.serving.hang import reporting_hang
from gateways.serving.job import GRACE, Job
from gateways.serving.observing import observed
from gateways.serving.rooted import rooted
from gateways.serving.server import App, side


def main() -> None:
    """Run the job given as the only argument, until SIGTERM."""
    job = Job.from_json(sys.argv[1])
    _prepare_logging(job.settings.log_level)
    # For servers that do not handle SIGTERM, but stop on SystemExit. Other servers replace this handler.
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, partial(_leave, leaving))
    threading.Thread(target=_end_with_parent, name="gateways-lifeline", daemon=True).start()
    sock = socket.socket(fileno=job.descriptor)
    try:
        side(job.mode).SERVERS[job.server].run(partial(load, job), sock, job.settings)
    except Failure as failure:
        if leaving.is_set():  # SIGTERM interrupted the import
            sys.exit(0)
        sys.exit(f"{failure.traceback}{failure}")


def _prepare_logging(level: str | None) -> None:
    """Log to stderr, which the parent process reads. With --log-level, add time and level to each line.

    The root logger gets no handler, because logging.basicConfig() in the app would then do nothing.
    """
    leave_out_aborted()
    if logging.lastResort is None:
        return
    form = "%(name)s: %(message)s"
    if level is not None:
        form = f"%(asctime)s.%(msecs)03d %(levelname)-7s {form}"
        logging.getLogger().setLevel(level.upper())
        logging.lastResort.setLevel(level.upper())
    logging.lastResort.setFormatter(logging.Formatter(form, "%Y-%m-%d %H:%M:%S"))


def _log_warm_programs() -> None:
    """Log at INFO which CGI programs run in a warm interpreter, which do not, and why."""
    logger = logging.getLogger("gateways.cgi.warm")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def load(job: Job) -> App:
    """Return the app in the server's interface, observed as the job requires. Call it in the process of the app."""
    _prepare_logging(job.settings.log_level)  # repeated, because a worker may be a new process
    if job.settings.warm and job.settings.log_level is None:
        _log_warm_programs()
    if job.varied:
        vary_addresses()
    with reporting_hang(job.target, lambda message: print(message, end="", file=sys.stderr, flush=True)):
        app = adapted(job) if job.interface != job.mode else side(job.mode).load(job)
    return rooted(observed(app, job.mode, job), job.mode, job.settings.root_path)


def _leave(leaving: threading.Event, _signal: int, _frame: FrameType | None) -> NoReturn:
    leaving.set()
    raise SystemExit(0)


def _end_with_parent() -> None:
    """Exit when stdin reaches its end: only the parent process holds this pipe open, and it writes nothing."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(os.getpgrp(), signal.SIGKILL)
