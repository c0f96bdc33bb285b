"""Wrap an app in the observer of its interface, as a job requires. Each observer has its own recorder and thread."""

import importlib
from typing import Any

from gateways.events.channel import sender
from gateways.events.events import Record
from gateways.events.recorder import Recorder
from gateways.serving.job import Job
from gateways.serving.server import App, Mode


def observed(app: App, interface: Mode, job: Job) -> App:
    """Return the app, which speaks `interface`, wrapped in the job's observer."""
    if job.observe == "nothing":
        return app
    trace = _trace(interface)
    observer = trace.watch if job.observe == "steps" else trace.access_log
    return observer(app, _record(interface, job))


def observe_programs(host: App, job: Job) -> None:
    """Record each program that a CGI host starts, if the job records steps."""
    if job.observe == "steps":
        _trace("cgi").watch_programs(host, _record("cgi", job))


def _trace(interface: Mode) -> Any:
    return importlib.import_module(f"gateways.{interface}.trace")


def _record(interface: Mode, job: Job) -> Record:
    """Return the function that sends events to the job's address."""
    return Recorder(sender(job.events, interface)).record
