"""`gateways demo`: the reference app behind one server or three, and what it is given and answers, as it happens.

Knows the command line, the signals and the order of things; it must not know how a server is run or a request shown.
Beside all three there is a page (gateways.demo), in a process of its own.
"""

import queue
import signal
import socket
import time
from contextlib import ExitStack, closing

import click

from gateways.cli.choosing import complete
from gateways.cli.command import Command
from gateways.cli.screen import Screen
from gateways.demo import link
from gateways.events.events import Batch
from gateways.failure import Failure
from gateways.serving.job import Observe
from gateways.serving.listen import bind, reachable
from gateways.serving.process import START, News, ServerProcess, end_all, told_before
from gateways.serving.server import MODES, Mode, side

Chosen = list[tuple[Mode, str]]
"""Modes, and the name of the server of each."""

PAGE = "gateways.demo.app:create_app()"


@click.command(cls=Command)
@click.option("--mode", type=click.Choice(MODES), help="One interface only; all three, side by side, without.")
@click.option(
    "--server", metavar="NAME", shell_complete=complete, help="Another server of that mode than its usual one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to listen on; the three modes take this and the next two, and their page the one after. 0: any.",
)
@click.option("--quiet", is_flag=True, help="One line a request, and nothing between the app and its server but that.")
def demo(mode: Mode | None, server: str | None, host: str, port: int, quiet: bool) -> None:
    """Serve the reference app as CGI, WSGI and ASGI, and show each request: what the app was given, each call or event
    with its time, and what went back. For all three there is a page, which asks them the same at the same moment and
    shows it side by side. Ctrl-C ends it.
    """
    chosen = choose(mode, server)
    if port and mode is None and port + len(chosen) > 65535:
        raise click.BadParameter(
            f"three modes and their page need four ports, and {port} is too near to 65535.", param_hint="'--port'"
        )
    run(chosen, host, port, quiet)


def choose(mode: Mode | None, server: str | None) -> Chosen:
    """The servers to run."""
    if mode is None:
        if server is not None:
            raise click.UsageError("--server needs --mode: each mode has servers of its own.")
        return [(each, next(iter(side(each).SERVERS))) for each in MODES]
    servers = side(mode).SERVERS
    if server is not None and server not in servers:
        article = "an" if mode == "asgi" else "a"
        said = f"{server!r} is not {article} {mode.upper()} server; choose one of {', '.join(servers)}."
        raise click.BadParameter(said, param_hint="'--server'")
    return [(mode, server or next(iter(servers)))]


def run(chosen: Chosen, host: str, port: int, quiet: bool) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        Failure: a server is not installed, a port is taken, or a server did not start or has ended by itself.
    """
    for mode, name in chosen:
        side(mode).SERVERS[name].version()
    news = _News()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: news.end())
    has_page = len(chosen) > 1
    observe: Observe = "access" if quiet else "steps"
    sockets = _bind(len(chosen) + has_page, host, port)
    running: list[ServerProcess] = []
    with ExitStack() as stack:
        if has_page:
            lanes = tuple(_lane(mode, name, sock) for (mode, name), sock in zip(chosen, sockets, strict=False))
            news.told = stack.enter_context(closing(link.Link(link.Lanes(lanes, host, quiet))))
        stack.callback(end_all, running)
        for (mode, name), sock in zip(chosen, sockets, strict=False):
            running.append(ServerProcess(mode, name, side(mode).REFERENCE, observe, sock, news))
        servers, page = tuple(running), None
        if news.told is not None:
            environment = {link.ADDRESS: news.told.address}
            page = ServerProcess("asgi", "uvicorn", PAGE, "nothing", sockets[-1], news, environment=environment)
            running.append(page)
        following = _Following(servers, page, Screen(quiet))
        following.until_ended(news)
        ending = time.perf_counter()
    for item in told_before(news, ending):
        following.show(item)


def _lane(mode: Mode, name: str, sock: socket.socket) -> link.Lane:
    server = side(mode).SERVERS[name]
    return link.Lane(mode, name, server.version(), server.model, reachable(sock))


def _bind(number: int, host: str, port: int) -> list[socket.socket]:
    """So many sockets, on ports that follow each other, or on any that are free."""
    sockets: list[socket.socket] = []
    try:
        sockets.extend(bind(host, port + offset if port else 0) for offset in range(number))
    except Failure:
        for sock in sockets:
            sock.close()
        raise
    return sockets


class _News(queue.SimpleQueue[News | None]):
    """What the servers do, for the screen. The page is told at once: a terminal may be slow, or stand still."""

    def __init__(self) -> None:
        self.told: link.Link | None = None
        self.ended = False

    def put(self, item: News | None, block: bool = True, timeout: float | None = None) -> None:
        """Keep an item, and tell the page of events. On any thread."""
        if self.told is not None and item is not None and item.batch is not None:
            self.told.put(item.source.mode, item.batch)
        super().put(item, block, timeout)

    def end(self) -> None:
        """What waits is shown when the servers have ended, as far as there is time."""
        self.ended = True
        self.put(None)


class _Following:
    """Shows on the screen what the servers do. `page` is the process of the page, if there is one."""

    def __init__(self, servers: tuple[ServerProcess, ...], page: ServerProcess | None, screen: Screen) -> None:
        self._servers = servers
        self._page = page
        self._screen = screen
        self._awaited = {*servers} if page is None else {*servers, page}
        self._early: list[tuple[Mode, Batch]] = []

    def until_ended(self, news: _News) -> None:
        """Follow the news until somebody ends them.

        Raises:
            Failure: a server did not start or has ended by itself.
        """
        while not news.ended and (item := news.get()) is not None:
            if item.batch is not None or item.kind == "line":
                self.show(item)
            elif item.kind == "ready":
                self._ready(item.source)
            else:
                raise Failure(self._why(item))

    def show(self, item: News) -> None:
        """Show steps that came together, or a line."""
        if item.batch is not None:
            self._happened(item.source.mode, item.batch)
        else:
            self._screen.log(None if item.source is self._page else item.source.mode, item.line)

    def _happened(self, mode: Mode, batch: Batch) -> None:
        if self._awaited:
            self._early.append((mode, batch))  # a lifespan begins before anybody can be told where to send requests
        else:
            self._screen.events(mode, batch)

    def _ready(self, process: ServerProcess) -> None:
        self._awaited.discard(process)
        if not self._awaited:
            where = [(each.mode, each.server, each.address) for each in self._servers]
            self._screen.start(where, self._page.address if self._page else None)
            for mode, batch in self._early:
                self._screen.events(mode, batch)

    def _why(self, item: News) -> str:
        source = item.source
        server = "the page's server" if source is self._page else f"the {source.mode} server {source.server}"
        if item.kind == "late":
            return f"{server} does not listen after {START:.0f} seconds; see what it says above"
        said = source.lines[-1] if source.lines else "it said nothing"
        return f"{server} {'did not start' if source in self._awaited else 'has ended by itself'}: {said}"
