"""`gateways compare`: compare servers, interfaces and adapters under load.

Knows the command line, files and signals. It must not know how anything is measured or judged. It imports the modules
for a comparison only when the comparison starts. So other commands start quickly.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateways.cli.choosing import files, given
from gateways.cli.command import Command
from gateways.cli.load import effort_of, scenarios_of, traffic_to_compare
from gateways.cli.parameters import ALL, Limit, Names
from gateways.cli.remote import PORT, WORKERS, Address, Server, clients_of, target_of, trust_of
from gateways.cli.report import must_be_comparable, must_be_writable, read, report, write
from gateways.cli.requests import request_options
from gateways.compare.judge.thresholds import EXAMPLE, Threshold
from gateways.compare.plan.contender import ADAPTER_NAMES, MODES, Contender, Form, contenders
from gateways.compare.plan.effort import EFFORTS
from gateways.compare.plan.scenarios import SCENARIOS, USUAL
from gateways.compare.plan.servers import SERVERS
from gateways.failure import Failure
from gateways.requests.traffic import summary

if TYPE_CHECKING:
    from types import FrameType

    from gateways.compare.measure.bench import Entry
    from gateways.compare.measure.remote import Site
    from gateways.compare.plan.target import Target
    from gateways.compare.question import Question
    from gateways.compare.record import Exclusion, Record

FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
OLD = click.Path(dir_okay=False, exists=True, path_type=Path)
PACKAGES = sorted({server.package for server in SERVERS.values()} - set(SERVERS))


@click.command(cls=Command, short_help="Compare servers and adapters for an app under load.")
@click.argument("target", required=False, shell_complete=files, callback=given)
@request_options
@click.option(
    "--expect", type=click.IntRange(200, 599), help="Expected status of --path. Default: any from 200 to 299."
)
@click.option("--unsafe", is_flag=True, help="Also send POST, PUT, PATCH and DELETE to --url.")
@click.option("--connections", type=click.IntRange(1, 10_000), help="Number of connections. Default: 64.")
@click.option(
    "--rate",
    type=click.FloatRange(0.1),
    help="Requests per second while latency is measured. Default: half the throughput of the slowest contender.",
)
@click.option("--duration", type=click.FloatRange(0.25, 3600), help="Seconds of load per contender, at each rate.")
@click.option(
    "--fail",
    "thresholds",
    type=Limit(),
    multiple=True,
    help=f"Exit with 1 if a figure breaks this limit, e.g. {EXAMPLE}. Repeatable.",
)
@click.option(
    "--reset", metavar="COMMAND", help="Shell command to run before each server start, e.g. to reset a database."
)
@click.option("--modes", type=Names(MODES), default=(), help=f"Modes to compare: {', '.join(MODES)}; or all.")
@click.option(
    "--servers",
    type=Names([*SERVERS, *PACKAGES]),
    default=(),
    help=f"Servers to compare: {', '.join(SERVERS)}; or all.",
)
@click.option(
    "--adapters",
    type=Names(ADAPTER_NAMES),
    default=(),
    help=f"Adapters to compare: {', '.join(ADAPTER_NAMES)}; or all.",
)
@click.option(
    "--scenarios",
    type=Names(list(SCENARIOS)),
    default=(),
    help=f"Scenarios of the reference app: {', '.join(SCENARIOS)}; or all. Default: {', '.join(USUAL)}.",
)
@click.option(
    "--threads", type=click.IntRange(1, 10_000), help="Number of threads that run the app, for servers with threads."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 1000),
    help="Worker processes per server, one on each core, if the server supports workers. Default: 1.",
)
@click.option("--url", "sites", type=Server(), multiple=True, help="Compare a running server. Repeatable.")
@click.option("--host-header", metavar="HOST", help="Host header. Default: the recording's host, else 127.0.0.1:8000.")
@click.option("--ca", type=OLD, help="CA certificates for --url (PEM). Default: the system's.")
@click.option("--insecure", is_flag=True, help="Do not verify TLS certificates of --url.")
@click.option(
    "--engine",
    type=click.Choice(["own", "locust"]),
    default="own",
    help="Load generator: gateways' own, or locust. Default: own.",
)
@click.option("--load-workers", type=click.IntRange(1, 1000), help=f"Number of locust workers. Default: {WORKERS}.")
@click.option(
    "--bind", type=Address(), help=f"Address that locust workers on other machines connect to. Default port: {PORT}."
)
@click.option("--export-locustfile", type=FILE, help="Write the load as a locustfile; measure nothing.")
@click.option("--quick", "effort", flag_value="quick", help="Measure fewer rounds, for a first look.")
@click.option(
    "--thorough",
    "effort",
    flag_value="thorough",
    help="Measure more rounds, client counts and rates, to publish the results.",
)
@click.option("--seed", type=int, help="Seed of all random choices. Default: random.")
@click.option("--force", is_flag=True, help="Measure even if other programs keep the machine busy.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for generated modules and server logs. Default: a temporary folder.",
)
@click.option("--json", "json_file", type=FILE, help="Write all measurements as JSON, updated during the run.")
@click.option("--from", "from_file", type=OLD, help="Show the results in a --json or --html file; measure nothing.")
@click.option(
    "--against", type=OLD, help="Compare with an earlier --json or --html file; exit with 1 if a figure is worse."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a web page with charts.")
@click.option("--markdown", type=FILE, help="Write a report in Markdown; - is stdout.")
@click.option("--csv", "csv_file", type=FILE, help="Write the figures as CSV; - is stdout.")
def compare(  # noqa: PLR0913, PLR0917 (options)
    target: str | None,
    from_file: Path | None,
    against: Path | None,
    json_file: Path | None,
    html: Path | None,
    markdown: Path | None,
    csv_file: Path | None,
    thresholds: tuple[Threshold, ...],
    **options: Any,
) -> int:
    """Compare servers for TARGET under load. TARGET is "module:attribute", a Python file, a CGI program, or a folder of
    CGI programs.

    A contender is a server with an app, and an adapter if one is needed. Without TARGET, the command compares five
    contenders with the reference app, in two or three minutes. It verifies all responses, and excludes a contender with
    different responses. It does not report differences smaller than the noise. Only HTTP/1.1 is measured. Ctrl-C stops
    the comparison and shows the results so far.
    """
    export: Path | None = options.pop("export_locustfile")
    for file in (json_file, html, markdown, csv_file, export):
        must_be_writable(file)
    if export is not None:
        return _export(export, target, **options)
    old = None if against is None else read(against)
    if from_file is not None:
        if target is not None or json_file is not None:
            raise click.UsageError("--from shows recorded results; use it without TARGET and --json.")
        record = read(from_file)
        if old is not None:
            must_be_comparable(old, record.target, {each.name: _requests(each) for each in record.questions})
    else:
        record = _measured(target, old, json_file, to_stdout=Path("-") in {markdown, csv_file}, **options)
    return report(record, old, thresholds, html, markdown, csv_file)


def _requests(question: Question) -> tuple[str, tuple[str, ...]]:
    return question.request, tuple(f"{each.label} × {each.weight:g}" for each in question.parts)


def _measured(
    target: str | None,
    old: Record | None,
    json_file: Path | None,
    *,
    to_stdout: bool,
    effort: str | None,
    seed: int | None,
    **options: Any,
) -> Record:
    """Run the comparison."""
    from gateways.compare.locust.process import must_be_installed
    from gateways.compare.measure.machine import version
    from gateways.compare.measure.run import Plan, compare, installed
    from gateways.compare.show.screen import Screen, console

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        sites: Sequence[Site] = options["sites"]
        if options["engine"] == "locust":
            must_be_installed()
        chosen: Sequence[Entry]
        absent: Sequence[Exclusion]
        if sites:
            app, chosen, absent = target_of(sites, target, options), sites, []
        else:
            app = _app(target)
            chosen, absent = installed(
                choose(
                    app.form,
                    options["modes"],
                    options["servers"],
                    options["adapters"],
                    options["threads"],
                    options["workers"],
                )
            )
            if not chosen:
                raise Failure("; ".join(dict.fromkeys(each.why for each in absent)))
        traffic = traffic_to_compare(app, sites, options)
        plan = Plan(
            target=app,
            contenders=tuple(chosen),
            scenarios=tuple(scenarios_of(traffic, options)),
            not_replayed=tuple(summary(traffic.left_out) if traffic else ()),
            reset=options["reset"] or "",
            effort=effort_of(EFFORTS[effort or "usual"], options["rate"], options["duration"]),
            seed=random.randrange(2**32) if seed is None else seed,  # noqa: S311
            force=options["force"],
            keep=options["keep"],
            host_header=options["host_header"] or (traffic.host if traffic and traffic.host and not sites else ""),
            trust=trust_of(options["ca"], insecure=options["insecure"], sites=sites),
            clients=clients_of(
                options["engine"],
                options["load_workers"],
                options["bind"],
                sites,
                version("gateways"),
            ),
        )
        if old is not None:
            must_be_comparable(old, app.name, {each.name: (each.asks, each.labels) for each in plan.scenarios})
        screen = stack.enter_context(Screen(console(to_stdout), plan.seconds, json_file))
        return compare(plan, absent, screen)


def _export(file: Path, target: str | None, **options: Any) -> int:
    """Write the locustfile, and print the command that runs it."""
    from gateways.compare.locust.export import HERE, command, locustfile

    sites: Sequence[Site] = options["sites"]
    if len(sites) > 1:
        raise click.UsageError("a locustfile has one host; give one --url only (locust's --host overrides it).")
    scenarios = scenarios_of(traffic_to_compare(target_of(sites, target, options), sites, options), options)
    write(file, locustfile(sites[0] if sites else HERE, scenarios, str(file)))
    if file != Path("-"):
        click.echo(command(scenarios, str(file)))
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _app(target: str | None) -> Target:
    from gateways.compare.plan.target import of_user, reference

    return reference() if target is None else of_user(target)


def choose(
    form: Form | None,
    modes: Sequence[str],
    servers: Sequence[str],
    adapters: Sequence[str],
    threads: int | None,
    workers: int | None = None,
) -> list[Contender]:
    """Return the contenders. The first contender is the reference for all others."""
    # The name of a package stands for all of its servers, e.g. "gunicorn" for three. If a server has the same name as
    # its package, the name stands for this server only, e.g. "uvicorn".
    packages = set(servers) & set(PACKAGES)
    named = [name for name, server in SERVERS.items() if name in servers or server.package in packages]
    chosen = [mode for mode in MODES if mode in modes or ALL in modes]
    found = contenders(form, chosen, [ALL] if ALL in servers else named, adapters, threads, workers or 1)
    if not found:
        what = "the reference app" if form is None else f"an app for {form.upper()}"
        raise click.UsageError(f"{what} cannot be served with these modes, servers and adapters.")
    native = "asgi" if form is None else form
    return sorted(found, key=lambda each: (each.mode != native, each.server.extra != ""))
