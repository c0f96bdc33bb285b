"""An app behind a server that speaks another interface: which adapter stands between them, and both sides observed.

Knows the adapters by name. What the interfaces are is known in gateways/<mode>.
"""

import importlib
import os
import stat
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

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
    if job.interface == "cgi":
        app = programs(job)
        if job.observe == "steps":
            trace: Any = importlib.import_module("gateways.cgi.trace")
            trace.watch_programs(app, record("cgi", job))
        return app
    if job.mode == "cgi":
        return _as_program(job)
    adapter = _adapter(job)
    threads = job.settings.threads if job.mode == "asgi" else None
    return adapter(_watched(job), **({"threads": threads} if threads else {}))


def _watched(job: Job) -> App:
    """The job's app. Of a request that is to be one line, the server's side knows all."""
    app = side(job.interface).load(job.target)
    return observed(app, job.interface, job) if job.observe == "steps" else app


def _adapter(job: Job) -> Any:
    from gateways import adapters  # who asks for help, or which adapter it would be, does not wait for it

    return getattr(adapters, ADAPTERS[job.interface, job.mode])


def programs(job: Job) -> App:
    """The host for a CGI program or a folder of them, which run in processes of their own."""
    module: Any = importlib.import_module("gateways.cgi.server")
    return module.load(job.target, ADAPTERS["cgi", "wsgi" if job.mode == "wsgi" else "asgi"], job.settings)


def _as_program(job: Job) -> App:
    """The host of a CGI program that is written for the app, as people would write it, in a folder that it keeps.

    It gets all variables of this environment, as the app would in another mode.
    """
    folder = tempfile.TemporaryDirectory(prefix="gateways-", ignore_cleanup_errors=True)
    program = Path(folder.name, "app.cgi")
    here = str(Path.cwd())
    path = [here, *(each for each in sys.path if each)]
    program.write_text(PROGRAM.format(path=path, job=job.to_json(), here=here))
    program.chmod(stat.S_IRWXU)
    module: Any = importlib.import_module("gateways.cgi.server")
    environment = *(name for name in os.environ if not name.startswith("HTTP_")), *job.settings.environment
    host = module.load(str(program), settings=replace(job.settings, environment=environment))
    host.folder = folder
    return host


def run_as_program(text: str, here: str) -> None:
    """In that program: answer one request with the app of the job, in the folder that it has in every other mode."""
    job = Job.from_json(text)
    os.chdir(here)
    _adapter(job)(_watched(job)).run()
