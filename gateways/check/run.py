"""Run a check: start the app's process, wait for its observations, and apply the rules.

Knows the format of the input and the result of that process. `gateways.serving.probe` starts a similar process that
detects only the interface.
"""

import json
from dataclasses import dataclass
from typing import Any

from gateways.check.finding import Seen
from gateways.check.move import Move, destination
from gateways.check.process import Job
from gateways.check.report import Report, failed, written
from gateways.check.rules import judged
from gateways.failure import Failure
from gateways.serving.mode import Mode
from gateways.serving.separate import run_module

ASK = 2.0
"""Timeout for one request, in seconds. The client disconnects after this time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The input of a check: target, interface if known, paths, a file of requests, and the total timeout in seconds."""

    target: str
    interface: Mode | None = None
    paths: tuple[str, ...] = ()
    requests: str | None = None
    seconds: float = 60.0


def check(plan: Plan, to: Mode | None = None, server: str | None = None, threads: int | None = None) -> Report:
    """Check a target for a move to the interface `to` on `server`, with `threads` threads.

    Raises:
        Failure: the app could not be imported, its process exited, or the check took too long.
        ValueError: the server is unknown, or does not speak `to`, or a CGI program would move to CGI.
    """
    target, interface = plan.target, plan.interface
    if server is not None:
        destination(interface or "wsgi", to, server)  # report a wrong name immediately
    answer = _looked(plan)
    app: Mode = answer["interface"]
    where, traits = destination(app, to, server)
    if where == "cgi" and app == "cgi":
        raise ValueError(f"{target} is already a CGI program; check it with --to wsgi or --to asgi")
    move = Move(app, where, traits, threads)
    findings = judged(map(Seen.from_dict, answer["seen"]), move)
    failures = failed(answer["asked"])
    problems = [*answer["problems"], *failures, *(written(answer["output"]) if failures else [])]
    return Report(target, answer["signature"], move, answer["asked"], problems, findings)


def _looked(plan: Plan) -> dict[str, Any]:
    def arguments(writing: int, errors: int) -> list[str]:
        job = Job(plan.target, plan.interface, plan.paths, plan.requests, ASK, writing, errors)
        return [job.to_json()]

    ended = run_module("gateways.check.process", arguments, plan.seconds, f"checking {plan.target!r}")
    lines = ended.output.decode("utf-8", "backslashreplace").strip().splitlines()
    if not ended.result:
        last = lines[-1] if lines else "without output"
        raise Failure(f"the app ended the process of the check with status {ended.status}: {last}")
    found: dict[str, Any] = json.loads(ended.result)
    if "failure" in found:
        raise Failure(found["failure"], found["traceback"])
    return {**found, "output": lines}
