"""An app behind a server that speaks another interface: which adapter stands between them, and both sides observed.

Knows the adapters by name. What the interfaces are is known in gateways/<mode>.
"""

import importlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import adapters
from gateways.serving.job import Job
from gateways.serving.observing import observed, record
from gateways.serving.server import App, Mode, side

ADAPTERS: dict[tuple[Mode, Mode], str] = {
    ("wsgi", "asgi"): "WSGIToASGI",
    ("asgi", "wsgi"): "ASGIToWSGI",
    ("cgi", "asgi"): "CGIToASGI",
    ("cgi", "wsgi"): "CGIToWSGI",
    ("wsgi", "cgi"): "WSGIToCGI",
    ("asgi", "cgi"): "ASGIToCGI",
}
"""By the app's interface and the server's."""

PROGRAM = """#!/usr/bin/env python3
import sys

sys.path[:] = {path!r}
from gateways.serving.adapting import run_as_program

run_as_program({job!r}, {here!r})
"""


def adapted(job: Job) -> App:
    """The job's app with the adapter around it: what the job's server is to serve. The app's side is observed."""
    adapter: Any = getattr(adapters, ADAPTERS[job.interface, job.mode])
    if job.interface == "cgi":
        return _programs(job, adapter)
    if job.mode == "cgi":
        return _as_program(job)
    return adapter(_watched(job))


def _watched(job: Job) -> App:
    """The job's app. Of a request that is to be one line, the server's side knows all."""
    app = side(job.interface).load(job.target)
    return observed(app, job.interface, job) if job.observe == "steps" else app


def _programs(job: Job, host: Any) -> App:
    """A host for CGI programs, which run in processes of their own: what they do is seen from the host."""
    module: Any = importlib.import_module("gateways.cgi.server")
    app = module.load(job.target, host)
    if job.observe == "steps":
        trace: Any = importlib.import_module("gateways.cgi.trace")
        trace.watch_programs(app, record("cgi", job))
    return app


def _as_program(job: Job) -> App:
    """The host of a CGI program that is written for the app, as people would write it, in a folder that it keeps."""
    folder = tempfile.TemporaryDirectory(prefix="gateways-", ignore_cleanup_errors=True)
    program = Path(folder.name, "app.cgi")
    here = str(Path.cwd())
    path = [here, *(each for each in sys.path if each)]
    program.write_text(PROGRAM.format(path=path, job=job.to_json(), here=here))
    program.chmod(stat.S_IRWXU)
    host = side("cgi").load(str(program))
    host.folder = folder
    return host


def run_as_program(text: str, here: str) -> None:
    """In that program: answer one request with the app of the job."""
    job = Job.from_json(text)
    folder = Path.cwd()
    os.chdir(here)  # a target may be a relative path
    app = _watched(job)
    os.chdir(folder)
    getattr(adapters, ADAPTERS[job.interface, "cgi"])(app).run()
