"""Records of a comparison: its machine, the cores of server and client, and a server's resources. Pure."""

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Machine:
    """The machine. A value of "" or None is unknown.

    memory: in bytes. quota: the CPU limit of the control group. steal: the share of time that the hypervisor gave to
    other machines. foreign: the number of cores that other programs kept busy. The last two were measured before the
    comparison.
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
    """The numbers of the cores for server and client. Both are empty if processes cannot be pinned, as on macOS,
    or if the servers were already running.
    """

    server: tuple[int, ...] = ()
    client: tuple[int, ...] = ()

    @property
    def bound(self) -> bool:
        return bool(self.server)

    @property
    def apart(self) -> bool:
        """True unless client and server are known to share a core."""
        return not self.bound or not set(self.server) & set(self.client)


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a server and its child processes at one moment, or the maximum of each value over several
    moments.

    memory: private memory in bytes. On Linux, this is the size of the anonymous pages; a page that several processes
    share counts in part for each. On other systems, it is the unique set size. resident: memory with shared pages
    counted for each process.
    switches: context switches since the start.
    """

    memory: int = 0
    resident: int = 0
    threads: int = 0
    processes: int = 0
    switches: int = 0

    def most(self, other: "Resources") -> "Resources":
        """Return the larger of each value."""
        return Resources(*(max(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)))
