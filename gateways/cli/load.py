"""Read the load of a comparison from the options: requests, scenarios, rate and duration.

Knows click's errors. It must not know contenders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from gateways.cli.parameters import ALL
from gateways.cli.requests import tell_left_out, traffic_of
from gateways.compare.plan.effort import Effort
from gateways.compare.plan.scenarios import MAX_REQUESTS, SCENARIOS, USUAL, Scenario, of_traffic
from gateways.requests.traffic import LeftOut, Traffic, summary

if TYPE_CHECKING:
    from gateways.compare.measure.remote import Site
    from gateways.compare.plan.target import Target

OF_REQUESTS = ("files", "log_format", "paths", "method", "headers", "data", "cookies", "user", "login", "expect")
"""Names of the parameters that describe requests."""


def effort_of(effort: Effort, rate: float | None, duration: float | None) -> Effort:
    """Return the effort with the given rate and duration."""
    if rate is not None:
        effort = replace(effort, rates=(rate,))
    return effort if duration is None else effort.lasting(duration)


def traffic_to_compare(app: Target, sites: Sequence[Site], options: Mapping[str, Any]) -> Traffic | None:
    """Return the user's own requests; None if the scenarios of the reference app are used.

    If --scenarios is given, the servers of --url are assumed to serve the reference app. Requests that cannot be sent
    are reported on stderr.
    """
    names: Sequence[str] = options["scenarios"]
    parameters = {name: options[name] for name in OF_REQUESTS}
    if not any(parameters.values()) and app.form is None and (names or not sites):
        return None
    if names:
        raise click.UsageError(
            "--scenarios is for the reference app; use it without TARGET and without requests of your own."
        )
    if any(header.lower().startswith("host:") for header in options["headers"]):
        raise click.UsageError("--header cannot set Host, which is the same for all contenders; use --host-header.")
    if not (options["files"] or options["paths"]):
        parameters["paths"] = ("/",)
    traffic = traffic_of(**parameters)
    if sites and not options["unsafe"]:
        traffic = traffic.safe("POST, PUT, PATCH and DELETE may change data; add --unsafe to send them to --url")
    rare = sorted(traffic.mix(), key=lambda each: -each.weight)[MAX_REQUESTS:]
    why = f"only the {MAX_REQUESTS} most frequent requests are sent"
    traffic += Traffic((), left_out=tuple(LeftOut(each.origin or "command line", each.label, why) for each in rare))
    if not traffic.requests:
        why = "; ".join(summary(traffic.left_out))
        raise click.UsageError(f"none of the requests can be sent; {why}.")
    tell_left_out(traffic)
    return traffic


def scenarios_of(traffic: Traffic | None, options: Mapping[str, Any]) -> list[Scenario]:
    """Return the scenario of the user's own requests, or the scenarios of the reference app."""
    names, clients = options["scenarios"], options["connections"]
    if traffic is not None:
        scenario = of_traffic(traffic)
        return [replace(scenario, connections=(clients,), more=()) if clients else scenario]
    if clients is not None:
        raise click.UsageError(
            "--connections is for requests of your own; --scenarios have a fixed number of connections."
        )
    return list(SCENARIOS.values()) if ALL in names else [SCENARIOS[name] for name in names or USUAL]
