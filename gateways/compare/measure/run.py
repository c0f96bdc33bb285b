"""Run a complete comparison: preflight checks, quick scenarios, long scenarios. Knows the order of the steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from gateways.compare.load.order import Trust
from gateways.compare.machine import Placement
from gateways.compare.measure import machine
from gateways.compare.measure.bench import Bench, Clients, Entry, Listener
from gateways.compare.measure.client import Client
from gateways.compare.measure.folder import Folder, folder
from gateways.compare.measure.long import Long
from gateways.compare.measure.placement import here, on
from gateways.compare.measure.quick import Quick, numbers_of_clients
from gateways.compare.measure.remote import Site
from gateways.compare.measure.running import module_path
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.contender import Contender
from gateways.compare.plan.effort import Effort
from gateways.compare.plan.scenarios import GATEWAY, Scenario
from gateways.compare.plan.target import Target, reference
from gateways.compare.record import Entrant, Exclusion, Record
from gateways.failure import Failure
from gateways.installing import install_line

SPARE = 64
"""Number of file descriptors that this process needs in addition to those of connections."""
QUIET, PATIENCE = 0.15, 5
"""A measurement waits while other programs keep more than QUIET cores busy, but at most PATIENCE seconds."""
BUSY = 0.5
"""Maximum share of the machine's cores that other programs may keep busy. Above this share, the command refuses to
measure.
"""
ONCE = Effort("once", starts=1, rounds=4, shares=())


def one_client(cores: tuple[int, ...], _warden: Warden, _listener: Listener) -> Client:
    """Return the built-in load client."""
    return Client(cores)


@dataclass(frozen=True)
class Plan:
    """The plan of a comparison.

    clients: a function that starts the load client, or several.
    keep: the folder for the served modules and the servers' logs; None for a temporary folder.
    host_header: the Host header for all contenders; "" for the default of each. trust: the accepted certificates.
    reset: a shell command that runs before each start of the servers.
    not_replayed: the parts of the user's traffic that are not sent, with reasons.
    """

    target: Target
    contenders: tuple[Entry, ...]
    scenarios: tuple[Scenario, ...]
    effort: Effort
    seed: int = 0
    force: bool = False
    clients: Clients = one_client
    keep: Path | None = None
    host_header: str = ""
    reset: str = ""
    not_replayed: tuple[str, ...] = ()
    trust: Trust = field(default_factory=Trust)

    @property
    def quick(self) -> list[Scenario]:
        return [each for each in self.scenarios if each.load != "long"]

    @property
    def long(self) -> list[Scenario]:
        return [each for each in self.scenarios if each.load == "long"]

    @property
    def entrants(self) -> list[Entry]:
        """The contenders. The first one is the reference. If a scenario is measured in slices, the reference is
        included twice.
        """
        twin = [replace(self.contenders[0], twin=True)] if self.quick else []
        return [*self.contenders, *twin]

    @property
    def started(self) -> list[Contender]:
        """The contenders whose servers are started here."""
        return [each for each in self.contenders if not isinstance(each, Site)]

    @property
    def remote(self) -> bool:
        """Return True if the servers are already running."""
        return not self.started

    @property
    def of_user(self) -> bool:
        """True if the app is the user's. In that case, the cost of the app can be separated from the cost of the
        server.
        """
        return self.target.form in {"wsgi", "asgi"}

    @property
    def seconds(self) -> float:
        """Estimate the duration, in seconds."""
        quick = Quick.planned(self.entrants, self.quick, self.effort)
        gateway = Quick.planned(self.contenders[:1], [GATEWAY], ONCE) if self.of_user else 0.0
        return 4.0 + quick + gateway + Long.planned(len(self.contenders), self.long, self.effort)


def installed(contenders: Sequence[Contender]) -> tuple[list[Contender], list[Exclusion]]:
    """Return the contenders that can run here. Return an exclusion for each other contender, with the command that
    installs its packages.
    """
    there, absent = list[Contender](), list[Exclusion]()
    for each in contenders:
        missing = [package for package in each.packages if not machine.version(package)]
        if missing:
            why = f"{' and '.join(missing)} not installed; install it with: {install_line('compare')}"
            absent.append(Exclusion(each.id, "", why))
        else:
            there.append(each)
    return there, absent


def compare(plan: Plan, absent: Sequence[Exclusion], listener: Listener) -> Record:
    """Run the comparison. On KeyboardInterrupt, return the measurements so far, with `interrupted` set.

    Raises: Failure: no contender can be measured, the machine is too busy, the reset failed, or the load client has
    exited.
    """
    record = _begin(plan, absent, listener)
    client_cores = record.placement.client
    try:
        # Work between measurements runs on the client's core, where it does not disturb the servers.
        with (
            on(client_cores),
            folder(plan.keep) as place,
            Warden() as warden,
            plan.clients(client_cores, warden, listener) as client,
        ):
            try:
                bench = Bench(client, warden, plan.target, record, listener, place)
                _measure(plan, replace(bench, host_header=plan.host_header, trust=plan.trust, reset=plan.reset))
            finally:
                record.options |= client.facts()
                _keep_logs(plan, record, place)
    except KeyboardInterrupt:
        record.interrupted = True
    except Failure as failure:
        listener.keep(record)
        if "logs" in record.options:
            raise Failure(f"{failure}; the servers' logs are in {record.options['logs']}") from failure
        raise
    record.finished = _now()
    listener.keep(record)
    return record


def _measure(plan: Plan, bench: Bench) -> None:
    Quick(bench, plan.entrants, plan.quick, plan.effort).run()
    Long(bench, plan.contenders, plan.long, plan.effort).run()
    if plan.of_user:
        server = replace(bench, target=reference(), part="reference", running={}, alone={}, drawn={}, sessions={})
        Quick(server, bench.left(plan.contenders, plan.scenarios[0])[:1], [GATEWAY], ONCE).run()


def _keep_logs(plan: Plan, record: Record, place: Folder) -> None:
    """If there are failures, keep the servers' logs. Record the folder of the logs if it is kept."""
    measured = [cell.measured for cell in record.cells]
    failed = any(each.why for each in record.exclusions) or any(each.failures or each.retried for each in measured)
    place.keep_logs = failed and not plan.remote
    if place.keep_logs or plan.keep is not None:
        record.options["logs"] = str(place.logs)


def _begin(plan: Plan, absent: Sequence[Exclusion], listener: Listener) -> Record:
    """Run the preflight checks. Return the new record."""
    most = max(clients for each in plan.scenarios for clients in numbers_of_clients(each, plan.effort))
    behind = max((each.behind.connections for each in plan.scenarios if each.behind), default=0)
    machine.allow_open_files(max(most, behind) + most + SPARE)
    packages = [] if plan.remote else [*_BESIDES, *(name for each in plan.started for name in each.packages)]
    listener.now("inspecting the machine")
    found = machine.look(["gateways", *packages])
    for _ in range(0 if plan.force else PATIENCE):
        if found.foreign is None or found.foreign < QUIET:
            break
        listener.now(f"waiting, because other programs keep {found.foreign:.1f} cores busy")
        found = replace(found, foreign=machine.watch(1.0)[0])
    if found.foreign is not None and found.foreign > BUSY * found.cores and not plan.force:
        raise Failure(
            f"other programs keep {found.foreign:.1f} of {found.cores} cores busy; stop them, or measure "
            "anyway with --force"
        )
    # The cores of servers that already run are unknown, so no process is pinned.
    placement = Placement() if plan.remote else here(max(map(_workers, plan.contenders), default=1))
    return Record(
        created=_now(),
        version=machine.version("gateways"),
        seed=plan.seed,
        target=plan.target.name,
        options={
            "effort": plan.effort.name,
            "starts": plan.effort.starts,
            "rounds": plan.effort.rounds,
            **({"not_replayed": list(plan.not_replayed)} if plan.not_replayed else {}),
        },
        machine=found,
        placement=placement,
        reference=plan.contenders[0].id,
        entrants=[_entrant(each, plan, len(placement.server)) for each in plan.entrants],
        exclusions=list(absent),
    )


_BESIDES = ("uvloop", "httptools", "h11", "websockets", "wsproto", "simple-websocket")
"""Optional packages that the servers use if they are installed. The WSGI app with WebSockets uses one too."""


def _entrant(contender: Entry, plan: Plan, cores: int) -> Entrant:
    if isinstance(contender, Site):
        return contender.entrant
    launch = plan.target.launch(contender)
    environment = module_path(plan.keep.absolute()) if plan.keep is not None and launch.files else {}
    return Entrant(
        id=contender.id,
        label=contender.label,
        mode=contender.mode,
        server=contender.server.name,
        adapter=contender.adapter.name if contender.adapter else "",
        threads=contender.threads,
        command=tuple(launch.command("python", "127.0.0.1", "{port}")),
        environment=environment,
        twin_of=plan.contenders[0].id if contender.twin else "",
        files=launch.files,
        workers=contender.workers,
        cores=max(1, min(contender.workers, cores)),
    )


def _workers(contender: Entry) -> int:
    return 1 if isinstance(contender, Site) else contender.workers


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
