"""Adapt an app to a server of a different interface: choose the adapter, and observe both sides.

Knows the adapters by name. gateways/<mode> knows the interfaces.
"""

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateways.serving.job import Job
from gateways.serving.observing import observe_programs, observed
from gateways.serving.server import App, Mode, side

ADAPTERS: dict[tuple[Mode, Mode], str] = {
    ("wsgi", "asgi"): "WSGIToASGI",
    ("asgi", "wsgi"): "ASGIToWSGI",
    ("cgi", "asgi"): "CGIToASGI",
    ("cgi", "wsgi"): "CGIToWSGI",
    ("wsgi", "cgi"): "WSGIToCGI",
    ("asgi", "cgi"): "ASGIToCGI",
}
"""Name of the adapter for each pair of the app's interface and the server's interface."""

PROGRAM = """#!/usr/bin/env python3
import sys

sys.path[:] = {path!r}
from gateways.serving.adapting import run_as_program

run_as_program({job!r}, {here!r})
"""


def adapted(job: Job) -> App:
    """Return the job's app inside its adapter, for the job's server. Observes the app's side."""
    if job.interface == "cgi":
        app = side("cgi").load(job)
        observe_programs(app, job)
        return app
    if job.mode == "cgi":
        return _as_program(job)
    adapter = _adapter(job)
    threads = job.settings.threads if job.mode == "asgi" else None
    return adapter(_watched(job), **({"threads": threads} if threads else {}))


def _watched(job: Job) -> App:
    """Return the job's app, observed if steps are recorded. An access log observes only the server's side."""
    app = side(job.interface).load(job)
    return observed(app, job.interface, job) if job.observe == "steps" else app


def _adapter(job: Job) -> Any:
    from gateways import adapters  # imported late: --help and the startup lines do not need it

    return getattr(adapters, ADAPTERS[job.interface, job.mode])


def _as_program(job: Job) -> App:
    """Generate a CGI program for the app in a temporary folder, and return a host that runs it.

    The program gets the environment variables of this process, as an app in another mode would. Variables HTTP_* are
    left out, because the program would take them for request headers.
    """
    import tempfile  # imported late, because the generated program imports this module too

    folder = tempfile.TemporaryDirectory(prefix="gateways-", ignore_cleanup_errors=True)
    program = Path(folder.name, "app.cgi")
    here = str(Path.cwd())
    path = [each for each in sys.path if each]  # run_as_program() adds the current folder
    program.write_text(PROGRAM.format(path=path, job=job.to_json(), here=here))
    program.chmod(stat.S_IRWXU)
    environment = *(name for name in os.environ if not name.startswith("HTTP_")), *job.settings.environment
    settings = replace(job.settings, environment=environment)
    host = side("cgi").load(replace(job, target=str(program), settings=settings))
    host.folder = folder
    return host


def run_as_program(text: str, here: str) -> None:
    """Serve one request with the job's app, in the folder `here`. The generated program calls this."""
    job = Job.from_json(text)
    os.chdir(here)
    _adapter(job)(_watched(job)).run()
