"""Puts the observer of an interface around an app, as a job says. Each has a recorder, and so a thread, of its own."""

import importlib
from typing import Any

from gateways.serving.job import Job
from gateways.serving.server import App, Mode
from gateways.trace.channel import sender
from gateways.trace.events import Record
from gateways.trace.recorder import Recorder


def observed(app: App, interface: Mode, job: Job) -> App:
    """The app, which speaks `interface`, with the observer that the job wants around it."""
    if job.observe == "nothing":
        return app
    trace: Any = importlib.import_module(f"gateways.{interface}.trace")
    observer = trace.watch if job.observe == "steps" else trace.access_log
    return observer(app, record(interface, job))


def record(interface: Mode, job: Job) -> Record:
    """Takes events, and sends them to where the job says."""
    return Recorder(sender(job.events, interface)).record
