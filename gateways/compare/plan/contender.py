"""Who is compared: an app in one of its modes, on a server, by an adapter where one is needed. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gateways.compare.plan.servers import SERVERS, Interface, Server

Mode = Literal["cgi", "wsgi", "asgi", "wsgi-on-asgi", "asgi-on-wsgi"]
MODES: tuple[Mode, ...] = get_args(Mode)

Form = Literal["cgi", "wsgi", "asgi"]
"""What an app is written for."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """What stands between an app and a server in one mode.

    `threads` is how many it runs a WSGI app on, unless another number is asked for; None if the server's run it, or
    none. It has only one number if `fixed`.
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
"""For each mode, on a server that speaks the interface; what is not here cannot be. The first is the usual one."""

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
"""The modes that an app of each form can be served in, each with its usual servers. None: the reference app has all."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to serve an app. `threads` is how many run it, None for an event loop or processes.

    A `twin` is the same as another, to see how far apart two of the same are measured.
    """

    mode: Mode
    server: Server
    adapter: Adapter | None
    threads: int | None
    twin: bool = False

    @property
    def id(self) -> str:
        """`wsgi-on-asgi:uvicorn:ours`; what options and JSON call it."""
        own = self.adapter.name if self.adapter else None
        return ":".join(filter(None, (self.mode, self.server.name, own))) + ("#2" if self.twin else "")

    @property
    def label(self) -> str:
        """`wsgi-on-asgi uvicorn ours·32`; what people see. The number is that of the threads that run the app."""
        own = f" {self.adapter.name}" if self.adapter else ""
        grows = "≤" if self.server.name == "granian-wsgi" and self.threads == self.server.threads else ""
        threads = f"·{grows}{self.threads}" if self.threads else ""
        return f"{self.mode} {self.server.name}{own}{threads}{' again' if self.twin else ''}"

    @property
    def form(self) -> Form:
        """What form of the app it serves."""
        return {"wsgi-on-asgi": "wsgi", "asgi-on-wsgi": "asgi"}.get(self.mode, self.mode)  # type: ignore[return-value]

    @property
    def packages(self) -> list[str]:
        """The distributions whose versions matter."""
        return [self.server.package, *([self.adapter.package] if self.adapter else [])]

    def command(
        self, python: str, app: str, host: str, port: str, *, plain: bool = True
    ) -> tuple[list[str], dict[str, str]]:
        """The command line that serves `app`, and its environment.

        `app` is a CGI program's path, or what gateways.serving.target knows; if it is `plain`, every server does.
        """
        threads = self.threads if self.server.threads is not None else None
        if self.adapter is None and plain:
            return self.server.command(python, app, host, port, threads), {}
        by = self.adapter.name if self.adapter else ""
        adapted: dict[str, str | int] = {"mode": self.mode, "on": self.server.speaks, "by": by, "app": app}
        if self.adapter is not None and self.adapter.threads is not None:
            adapted |= {"threads": self.threads or 0}
        command = self.server.command(python, "gateways.compare.adapted:app", host, port, threads)
        return command, {"GATEWAYS_ADAPTED": json.dumps(adapted)}


def contenders(
    form: Form | None,
    modes: Sequence[Mode] = (),
    servers: Sequence[str] = (),
    adapters: Sequence[str] = (),
    threads: int | None = None,
) -> list[Contender]:
    """Those that are asked for; what is not said is as usual, and "all" is all there are.

    Servers and adapters that do not fit a mode are left out of it.
    """
    ways = WAYS[form]
    return [
        make(mode, SERVERS[name], adapter, threads)
        for mode in modes or ways
        if mode in ways
        for name in _names(servers, ways[mode], SERVERS)
        if (mode, SERVERS[name].speaks) in ADAPTERS
        for adapter in _adapters(mode, SERVERS[name].speaks, adapters, named=mode in modes)
    ]


def make(mode: Mode, server: Server, adapter: Adapter | None, threads: int | None) -> Contender:
    """With the asked number of threads where there can be another than the usual one."""
    if adapter is not None and adapter.threads is not None:
        return Contender(mode, server, adapter, adapter.threads if adapter.fixed else threads or adapter.threads)
    if mode == "cgi" or server.threads is None:
        return Contender(mode, server, adapter, None)
    fixed = server.name == "gunicorn-sync"
    return Contender(mode, server, adapter, server.threads if fixed else threads or server.threads)


def _names(asked: Sequence[str], usual: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    if "all" in asked:
        return known
    return asked or usual


def _adapters(mode: Mode, speaks: Interface, asked: Sequence[str], *, named: bool) -> Sequence[Adapter | None]:
    """Who asks for adapters, and for CGI by name, means those of the other modes."""
    known = ADAPTERS[mode, speaks]
    if not known:
        return [None]
    if "all" in asked:
        return known
    return [each for each in known if each.name in asked] or (
        [] if asked and not (named and mode == "cgi") else known[:1]
    )
