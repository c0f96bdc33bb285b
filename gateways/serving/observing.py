"""Puts the observer of an interface around an app, as a job says. Each has a recorder, and so a thread, of its own."""

import importlib
from typing import Any

from gateways.events.channel import sender
from gateways.events.events import Record
from gateways.events.recorder import Recorder
from gateways.serving.job import Job
from gateways.serving.server import App, Mode


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
