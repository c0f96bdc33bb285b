"""Store the target and options of `gateways serve`, and format the lines that the command prints at the start.

Knows the texts, and checks that folders exist. It must not start a server.
"""

from dataclasses import dataclass
from pathlib import Path

from gateways.serving.adapting import ADAPTERS
from gateways.serving.listen import url
from gateways.serving.probe import Known
from gateways.serving.server import Mode, side
from gateways.serving.settings import Settings
from gateways.serving.target import PROGRAMS


@dataclass(frozen=True, slots=True)
class Plan:
    """The target, its server, and the options that only the command uses."""

    known: Known
    mode: Mode
    server: str
    settings: Settings
    reload: bool
    quiet: bool
    log_format: str = "full"


def heading(plan: Plan, address: tuple[str, int]) -> list[str]:
    """Return the lines printed at the start: URL and server, app and adapter, and how to stop."""
    server, settings = side(plan.mode).SERVERS[plan.server], plan.settings
    numbers = {"worker": settings.workers, "thread": settings.threads}
    parts = [f"{number} {name}{'s' * (number > 1)}" for name, number in numbers.items() if number]
    if settings.certfile and "http2" in server.options:
        parts.append("HTTP/2")
    text = ", ".join([f"{plan.server} {server.version()}", *parts])
    place = url(*address, "https" if settings.certfile else "http")
    return [f"{place}{settings.root_path}  {text}", what(plan), *limits(plan), "Press Ctrl-C to stop."]


def limits(plan: Plan) -> list[str]:
    """Return a line for each ASGI feature that the app cannot use on this server."""
    found: list[str] = []
    if plan.known.interface == "asgi" and plan.server == "daphne":
        found.append("daphne sends no lifespan events, so startup and shutdown functions of the app do not run")
    if plan.known.interface == "asgi" and plan.mode == "wsgi" and plan.settings.certfile:
        found.append("WebSockets do not work over TLS on a WSGI server; the handshake gets status 501")
    return found


def what(plan: Plan) -> str:
    """Return a line that names the app, its interface, and the adapter between app and server."""
    known, mode, server = plan.known, plan.mode, plan.server
    if known.interface == "cgi":
        adapter = ADAPTERS["cgi", "wsgi" if mode == "wsgi" else "asgi"]
        names = plan.settings.cgi_dirs or PROGRAMS
        if plan.settings.files and not any(Path(known.target, name.strip("/")).is_dir() for name in names):
            return f"{known.target}: files without CGI programs (it has no folder {' or '.join(names)})"
        if plan.settings.files:
            below = " and ".join(f"/{name.strip('/')}/" for name in names)
            return f"{known.target}: files, and CGI programs below {below}, run by gateways.adapters.{adapter}"
        kind = "a folder of CGI programs" if Path(known.target).is_dir() else "a CGI program"
        return f"{known.target}: {kind}, run by gateways.adapters.{adapter}"
    app = f"{known.target}: {'an ASGI' if known.interface == 'asgi' else 'a WSGI'} app, {known.signature}"
    if known.interface == mode:
        return f"{app}; {server} speaks {mode.upper()} too, so no adapter is needed"
    adapter = ADAPTERS[known.interface, mode]
    if mode == "cgi":
        return f"{app}; each request starts a new process: gateways.adapters.{adapter}(app).run()"
    return f"{app}; {server} speaks {mode.upper()}, so it runs gateways.adapters.{adapter}(app)"
