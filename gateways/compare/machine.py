"""The machine of a comparison, the cores of server and client, and the resources that a server uses. Pure."""

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Machine:
    """The machine. "" or None: unknown.

    `memory` is in bytes; `quota` is the CPU limit of the control group. `steal` is the share of time that the
    hypervisor gave to other machines, `foreign` the number of cores kept busy by other programs; both were measured
    before the comparison.
    """

    system: str
    python: str
    cpu: str
    cores: int
    memory: int
    open_files: int
    governor: str = ""
    turbo: str = ""
    quota: str = ""
    steal: float | None = None
    foreign: float | None = None
    packages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Placement:
    """Cores by number. Both are empty if processes cannot be pinned to cores, as on macOS."""

    server: tuple[int, ...] = ()
    client: tuple[int, ...] = ()

    @property
    def bound(self) -> bool:
        return bool(self.server)

    @property
    def apart(self) -> bool:
        """Return True if client and server are not known to share a core."""
        return not self.bound or not set(self.server) & set(self.client)


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a server's process tree at one moment, or the maximum of each over several moments.

    `memory` is its private memory in bytes: anonymous pages, with pages shared by processes divided among them (Linux),
    or the unique set size. `resident` counts shared pages once per process. `switches` are context switches since the
    start.
    """

    memory: int = 0
    resident: int = 0
    threads: int = 0
    processes: int = 0
    switches: int = 0

    def most(self, other: "Resources") -> "Resources":
        """Return the larger of each value."""
        return Resources(*(max(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)))
