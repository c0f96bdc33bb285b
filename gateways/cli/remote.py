"""Options of `gateways compare` for running servers, and for load from several machines.

Knows the command line. It must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateways.compare.load.order import Trust
from gateways.compare.locust.shares import Crew
from gateways.compare.measure.remote import Site, several, site
from gateways.compare.plan.contender import Form
from gateways.compare.plan.target import Target

if TYPE_CHECKING:  # imported only when a comparison runs
    from gateways.compare.measure.bench import Clients

PORT = 5557
"""Default port of locust's master."""
WORKERS = 2
OF_STARTED = ("modes", "servers", "adapters", "threads", "workers")
"""Options that apply only to servers that the command starts."""


class Server(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A running server."""

    name = "LABEL=URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Site:
        if isinstance(value, Site):
            return value
        try:
            return site(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class Address(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """An address to listen on. IPv6 addresses are in brackets."""

    name = "HOST[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, colon, port = value, "", ""
        if not value.endswith("]"):
            host, colon, port = value.rpartition(":") if ":" in value else (value, "", "")
        bracketed = host.startswith("[") and host.endswith("]")
        if not host or (":" in host and not bracketed) or (colon and not _is_port(port)):
            self.fail(f"{value!r} is not an address; write for example 192.0.2.7 or 192.0.2.7:{PORT}.", param, ctx)
        return host, int(port or PORT)


def _is_port(text: str) -> bool:
    return text.isdigit() and 0 < int(text) < 65536


def target_of(sites: Sequence[Site], target: str | None, options: Mapping[str, Any]) -> Target:
    """Return the target for servers that already run. The command does not know their app."""
    if target is not None:
        raise click.UsageError(
            "--url and --export-locustfile are for a running server, which already has an app; use them without TARGET."
        )
    for name in OF_STARTED:
        if options[name]:
            raise click.UsageError(f"--{name} is for servers that the command starts; use it without --url.")
    try:
        labels = [each.label for each in several(sites)]
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="'--url'") from error
    form: Form | None = None
    return Target(", ".join(labels), form, {})


def trust_of(ca: Path | None, *, insecure: bool, sites: Sequence[Site]) -> Trust:
    """Return the certificates to accept."""
    if (ca or insecure) and not any(each.tls for each in sites):
        raise click.UsageError("--ca and --insecure are for --url with https.")
    if ca and insecure:
        raise click.UsageError("--insecure accepts every certificate; use it without --ca.")
    return Trust(str(ca.resolve()) if ca else "", insecure)


def clients_of(
    engine: str, workers: int | None, bind: tuple[str, int] | None, sites: Sequence[Site], version: str
) -> Clients:
    """Return the function that starts the load clients. If locust's workers run on other machines, print the command
    that starts them.
    """
    from gateways.compare.locust.crew import Workers
    from gateways.compare.measure.run import one_client

    if engine != "locust":
        if workers is not None or bind is not None:
            raise click.UsageError("--load-workers and --bind need --engine locust; --workers is for the servers.")
        return one_client
    crew = Crew(workers or WORKERS, bind)
    if bind is None:
        return partial(Workers, crew)
    if not sites and bind[0] not in {"127.0.0.1", "[::1]", "localhost"}:
        raise click.UsageError(
            "--bind is for locust workers on other machines, which cannot reach servers on loopback; give the "
            "servers with --url."
        )
    count = "1 worker" if crew.workers == 1 else f"{crew.workers} workers"
    click.echo(f"start {count} on machines with gateways[locust] {version}:", err=True)
    click.echo(f"  {crew.command}", err=True)
    return partial(Workers, crew)
