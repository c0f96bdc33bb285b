"""Contenders: an app in one of its modes, on a server, with an adapter where one is needed. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from gateways.compare.plan import module
from gateways.compare.plan.servers import SERVERS, Interface, Server

Mode = Literal["cgi", "wsgi", "asgi", "wsgi-on-asgi", "asgi-on-wsgi"]
MODES: tuple[Mode, ...] = get_args(Mode)

Form = Literal["cgi", "wsgi", "asgi"]
"""The interface that an app is written for."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter between an app and a server, in one mode.

    threads: default number of threads for a WSGI app; None if it uses no threads.
    fixed: True if the number of threads cannot be changed.
    """

    name: str
    package: str
    threads: int | None = None
    fixed: bool = False


ADAPTERS: dict[tuple[Mode, Interface], tuple[Adapter, ...]] = {
    ("cgi", "asgi"): (Adapter("cold", "gateways"), Adapter("warm", "gateways")),
    ("cgi", "wsgi"): (Adapter("cold", "gateways"), Adapter("warm", "gateways")),
    ("wsgi", "wsgi"): (),
    ("asgi", "asgi"): (),
    ("wsgi-on-asgi", "asgi"): (
        Adapter("ours", "gateways", threads=32),
        Adapter("a2wsgi", "a2wsgi", threads=10),
        Adapter("asgiref", "asgiref", threads=1, fixed=True),
    ),
    ("asgi-on-wsgi", "wsgi"): (Adapter("ours", "gateways"), Adapter("a2wsgi", "a2wsgi")),
}
"""Adapters for each pair of mode and server interface; the first adapter is the default. A missing pair is unsupported.
"""

ADAPTER_NAMES = list(dict.fromkeys(adapter.name for adapters in ADAPTERS.values() for adapter in adapters))

WAYS: dict[Form | None, dict[Mode, tuple[str, ...]]] = {
    None: {
        "cgi": ("uvicorn",),
        "wsgi": ("waitress",),
        "asgi": ("uvicorn",),
        "wsgi-on-asgi": ("uvicorn",),
        "asgi-on-wsgi": ("waitress",),
    },
    "cgi": {"cgi": ("uvicorn", "waitress")},
    "wsgi": {
        "wsgi": ("waitress", "gunicorn-sync", "gunicorn-gthread", "cheroot", "granian-wsgi"),
        "wsgi-on-asgi": ("uvicorn",),
        "cgi": ("uvicorn",),
    },
    "asgi": {
        "asgi": ("uvicorn", "hypercorn", "daphne", "granian-asgi", "gunicorn-asgi"),
        "asgi-on-wsgi": ("waitress",),
        "cgi": ("uvicorn",),
    },
}
"""For each form of an app: its modes and their default servers. The key None is for the reference app, which has all
modes.
"""

ON_REQUEST: dict[Form | None, frozenset[Mode]] = {"wsgi": frozenset({"cgi"}), "asgi": frozenset({"cgi"})}
"""Modes that are compared only if --modes names them, or --adapters names one of their adapters. CGI starts a process
for each request of a user's app. This would take most of the time of a comparison, and few users need the result.
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to serve an app. `threads`: the number of threads that run the app, None for an event loop or processes.

    `twin`: True for the second copy of a contender; the difference between the two copies shows the noise.
    """

    mode: Mode
    server: Server
    adapter: Adapter | None
    threads: int | None
    twin: bool = False
    workers: int = 1

    @property
    def id(self) -> str:
        """Name in options and JSON: `wsgi-on-asgi:uvicorn:ours`, and `*4` for four worker processes."""
        own = self.adapter.name if self.adapter else None
        workers = f"*{self.workers}" if self.workers > 1 else ""
        return ":".join(filter(None, (self.mode, self.server.name, own))) + workers + ("#2" if self.twin else "")

    @property
    def label(self) -> str:
        """Name in reports: `wsgi-on-asgi uvicorn ours·32`. The number is the number of threads that run the app."""
        own = f" {self.adapter.name}" if self.adapter else ""
        grows = "≤" if self.server.grows and self.threads == self.server.threads else ""
        threads = f"·{grows}{self.threads}" if self.threads else ""
        workers = f" × {self.workers}" if self.workers > 1 else ""
        return f"{self.mode} {self.server.name}{own}{threads}{workers}{' again' if self.twin else ''}"

    @property
    def form(self) -> Form:
        """The form of the served app."""
        return {"wsgi-on-asgi": "wsgi", "asgi-on-wsgi": "asgi"}.get(self.mode, self.mode)  # type: ignore[return-value]

    @property
    def packages(self) -> list[str]:
        """The distributions whose versions are recorded."""
        return [self.server.package, *([self.adapter.package] if self.adapter else [])]

    def launch(self, app: str, *, plain: bool = True, beside: Collection[str] = ()) -> "Launch":
        """Return the data that starts this contender's server.

        app: a CGI program, or a target (gateways.serving.target). plain: True if the command line of every server
        accepts the target. beside: programs in the folder of the module that the server imports.
        """
        if self.adapter is None and plain:
            return Launch(self, app)
        by = self.adapter.name if self.adapter else ""
        name = module.name(self.mode, self.server.speaks, by)
        text = module.source(self.mode, self.server.speaks, by, app, self.threads, beside)
        return Launch(self, f"{name}:app", {f"{name}.py": text})


@dataclass(frozen=True, slots=True)
class Launch:
    """The data to start a contender's server: the app in its command line, and the modules that the app imports."""

    contender: Contender
    app: str
    files: dict[str, str] = field(default_factory=dict)

    def command(self, python: str, host: str, port: str) -> list[str]:
        """Return the command line. The folder of `files` must be on sys.path."""
        contender = self.contender
        threads = contender.threads if contender.server.threads is not None else None
        return contender.server.command(python, self.app, host, port, threads, contender.workers)


def contenders(
    form: Form | None,
    modes: Sequence[Mode] = (),
    servers: Sequence[str] = (),
    adapters: Sequence[str] = (),
    threads: int | None = None,
    workers: int = 1,
) -> list[Contender]:
    """Return the chosen contenders. An empty choice means the defaults, and "all" means all.

    Servers and adapters that do not fit a mode are skipped.
    """
    ways = WAYS[form]
    usual = [mode for mode in ways if mode not in ON_REQUEST.get(form, ()) or _named(mode, adapters)]
    return [
        replace(make(mode, SERVERS[name], adapter, threads), workers=workers if SERVERS[name].forks else 1)
        for mode in modes or usual
        if mode in ways
        for name in _names(servers, ways[mode], SERVERS)
        if (mode, SERVERS[name].speaks) in ADAPTERS
        for adapter in _adapters(mode, SERVERS[name].speaks, adapters, named=mode in modes)
    ]


def make(mode: Mode, server: Server, adapter: Adapter | None, threads: int | None) -> Contender:
    """Return the contender. Ignore the number of threads if the contender cannot change it."""
    if adapter is not None and adapter.threads is not None:
        return Contender(mode, server, adapter, adapter.threads if adapter.fixed else threads or adapter.threads)
    if mode == "cgi" or server.threads is None:
        return Contender(mode, server, adapter, None)
    return Contender(mode, server, adapter, server.threads if server.fixed else threads or server.threads)


def _named(mode: Mode, adapters: Sequence[str]) -> bool:
    """Return True if one of the chosen adapters belongs to the mode."""
    known = {each.name for (of, _), those in ADAPTERS.items() if of == mode for each in those}
    return "all" in adapters or bool(known & set(adapters))


def _names(chosen: Sequence[str], usual: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    if "all" in chosen:
        return known
    return chosen or usual


def _adapters(mode: Mode, speaks: Interface, chosen: Sequence[str], *, named: bool) -> Sequence[Adapter | None]:
    """Return the adapters of a mode; [None] if the mode needs no adapter.

    If the user has chosen adapters, return only these, so the list may be empty. But if --modes names CGI, return at
    least the default adapter of CGI.
    """
    known = ADAPTERS[mode, speaks]
    if not known:
        return [None]
    if "all" in chosen:
        return known
    return [each for each in known if each.name in chosen] or (
        [] if chosen and not (named and mode == "cgi") else known[:1]
    )
