"""The app's own process: import the app, watch it, send requests, and write the observations to a pipe as JSON.

Started by `gateways.check.run`. It must not know the rules. Output, threads and crashes of the app affect only this
process.
"""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from gateways.check.watch import files, variables
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own
from gateways.check.watch.unsafe import Connections
from gateways.failure import Failure
from gateways.requests.read import read
from gateways.requests.request import Request, target_of
from gateways.serving.hang import reporting_hang
from gateways.serving.mode import Mode
from gateways.serving.target import Found, find, is_site


@dataclass(frozen=True, slots=True)
class Job:
    """The input of a check: target, interface if known, paths, file of requests, timeout of one request in seconds, and
    the file descriptors for the result and for a message if the import hangs. Without paths and a file, the check
    requests the app's GET routes.
    """

    target: str
    interface: str | None
    paths: tuple[str, ...]
    requests: str | None
    seconds: float
    descriptor: int
    errors: int

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        return cls(**{**fields, "paths": tuple(fields["paths"])})

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    """Run the job in the only argument of the command line."""
    job = Job.from_json(sys.argv[1])
    try:
        answer = looked(job)
    except Failure as failure:
        answer = {"failure": str(failure), "traceback": failure.traceback}
    with os.fdopen(job.descriptor, "w") as pipe:
        json.dump(answer, pipe)
    sys.stdout.flush()
    os._exit(0)  # exit even if the app has started threads


def looked(job: Job) -> dict[str, Any]:
    """Import the app and send the requests. Return the result for `run`."""
    notes = Notes()
    location = Path(job.target.partition(":")[0])
    own = Own([Path.cwd(), *([location.resolve().parent] if location.is_file() else [])])
    from gateways.check.send.watching import Watching

    watching = Watching(notes, own)
    files.install(notes, own)
    variables.install(notes, own)
    connections = Connections(notes, own)
    with reporting_hang(job.target, lambda message: os.write(job.errors, message.encode())):
        found = _site(job) or find(job.target, cast("Mode | None", job.interface))
    statuses = _asked(found, job, watching, connections)
    return {
        "interface": found.interface,
        "signature": found.signature,
        "asked": statuses,
        "problems": notes.problems,
        "seen": [each.to_dict() for each in notes.seen],
    }


def _site(job: Job) -> Found | None:
    """Return the target if it is a folder with files that `gateways serve` would serve. Return None for other targets,
    and for the interface "cgi", with which a folder contains only programs.
    """
    path = Path(job.target)
    return Found(str(path.resolve()), "cgi", job.target) if job.interface != "cgi" and is_site(path) else None


def _asked(found: Found, job: Job, watching: Any, connections: Connections) -> dict[str, str]:
    given = _given(job)
    if found.interface == "cgi":
        from gateways.check.send import cgi

        is_public = _site(job) is not None
        requests = given or _gets(cgi.paths(found.app, is_public))
        return cgi.send_all(found.app, is_public, requests, watching.notes)
    from gateways.adapters.run_asgi.versions import as_asgi3
    from gateways.check.send import asgi, wsgi
    from gateways.check.watch import frameworks, signals, unsafe
    from gateways.check.watch.locals import Locals

    routes = frameworks.paths(found.app)  # the call makes Django import the app's views
    watching.background.imported()
    unsafe.look(watching.notes, watching.own)
    connections.look()
    frameworks.look(found.app, watching.notes, watching.own)
    watching.locals = Locals(watching.notes, watching.own)
    watching.locals.look("import")
    signals.install(watching.notes, watching.own)
    requests = given or _gets(routes)
    if found.interface == "wsgi":
        return wsgi.send_all(found.app, requests, job.seconds, watching)
    return asgi.send_all(as_asgi3(found.app), requests, job.seconds, watching)


def _given(job: Job) -> list[Request]:
    """Return the requests of the command line: first the login, then the requests of the file, then one request for
    each path.
    """
    if job.requests is None:
        return _gets(job.paths)
    traffic = read(Path(job.requests))
    return [*traffic.login, *traffic.requests, *_gets(job.paths)]


def _gets(paths: Iterable[str]) -> list[Request]:
    return [Request("GET", target_of(path), name=f"GET {path}") for path in paths]


if __name__ == "__main__":
    main()
