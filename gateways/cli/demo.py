"""`gateways demo`: run the reference app on one or three servers, and show each request and response as it happens.

Knows the command line, the signals and the order of the steps. It must not know how to run a server or show a request.
With all three modes, the command also serves a page (gateways.demo) in a separate process.
"""

import queue
import signal
import socket
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
from gateways.serving.process import START, ServerEvent, ServerProcess, end_all, last_events
from gateways.serving.server import MODES, Mode, side

Chosen = list[tuple[Mode, str]]
"""Pairs of a mode and the name of its server."""

PAGE = "gateways.demo.app:create_app()"
LANE = "gateways.demo.lane:app"
"""The WSGI app that the page uses. It also serves WebSockets."""


@click.command(cls=Command, short_help="Serve a reference app as CGI, WSGI and ASGI.")
@click.option("--mode", type=click.Choice(MODES), help="Run only this interface. Default: all three.")
@click.option(
    "--server",
    metavar="NAME",
    shell_complete=complete,
    help="Server to use; needs --mode. Default: waitress for WSGI, else uvicorn.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="First of four ports in a row: three for the modes, then one for the page. 0: any free ports.",
)
@click.option("--quiet", is_flag=True, help="Print one line per request; do not record its steps.")
def demo(mode: Mode | None, server: str | None, host: str, port: int, quiet: bool) -> None:
    """Serve the reference app as CGI, WSGI and ASGI. For each request, show the app's input, each call or event with
    its time, and the response. Without --mode it also serves a page that sends the same request to all three at once
    and shows the results side by side. Ctrl-C stops the servers.
    """
    chosen = choose(mode, server)
    if port and mode is None and port + len(chosen) > 65535:
        raise click.BadParameter(
            f"the three modes and the page need four ports; use a --port of at most 65532, not {port}.",
            param_hint="'--port'",
        )
    run(chosen, host, port, quiet)


def choose(mode: Mode | None, server: str | None) -> Chosen:
    """Return the servers to run."""
    if mode is None:
        if server is not None:
            raise click.UsageError("--server needs --mode, because each mode has its own servers.")
        return [(each, next(iter(side(each).SERVERS))) for each in MODES]
    servers = side(mode).SERVERS
    if server is not None and server not in servers:
        article = "an" if mode == "asgi" else "a"
        message = f"{server!r} is not {article} {mode.upper()} server; choose one of {', '.join(servers)}."
        raise click.BadParameter(message, param_hint="'--server'")
    return [(mode, server or next(iter(servers)))]


def run(chosen: Chosen, host: str, port: int, quiet: bool) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        Failure: a server is not installed, a port is taken, or a server did not start or exited.
    """
    for mode, name in chosen:
        side(mode).SERVERS[name].version()
    queued = _Queue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: queued.end())
    has_page = len(chosen) > 1
    observe: Observe = "access" if quiet else "steps"
    sockets = _bind(len(chosen) + has_page, host, port)
    running: list[ServerProcess] = []
    with ExitStack() as stack:
        if has_page:
            lanes = tuple(_lane(mode, name, sock) for (mode, name), sock in zip(chosen, sockets, strict=False))
            queued.page_link = stack.enter_context(closing(link.Link(link.Lanes(lanes, host, quiet))))
        stack.callback(end_all, running)
        for (mode, name), sock in zip(chosen, sockets, strict=False):
            target = LANE if has_page and mode == "wsgi" else side(mode).REFERENCE
            running.append(ServerProcess(mode, name, target, observe, sock, queued))
        servers, page = tuple(running), None
        if queued.page_link is not None:
            environment = {link.ADDRESS: queued.page_link.address}
            page = ServerProcess("asgi", "uvicorn", PAGE, "nothing", sockets[-1], queued, environment=environment)
            running.append(page)
        following = _Following(servers, page, Screen(quiet))
        following.until_ended(queued)
    for item in last_events(queued):
        following.show(item)


def _lane(mode: Mode, name: str, sock: socket.socket) -> link.Lane:
    server = side(mode).SERVERS[name]
    return link.Lane(mode, name, server.version(), server.model, reachable(sock))


def _bind(number: int, host: str, port: int) -> list[socket.socket]:
    """Return `number` bound sockets, on consecutive ports that start at `port`. If `port` is 0, use any free ports."""
    sockets: list[socket.socket] = []
    try:
        sockets.extend(bind(host, port + offset if port else 0) for offset in range(number))
    except Failure:
        for sock in sockets:
            sock.close()
        raise
    return sockets


class _Queue(queue.SimpleQueue[ServerEvent | None]):
    """Queue of events for the screen. The queue forwards events to the page immediately, because the terminal may be
    slow or paused.
    """

    def __init__(self) -> None:
        self.page_link: link.Link | None = None
        self.ended = False

    def put(self, item: ServerEvent | None, block: bool = True, timeout: float | None = None) -> None:
        """Queue an item, and forward the events in the item to the page. Thread-safe."""
        if self.page_link is not None and item is not None and item.batch is not None:
            self.page_link.put(item.source.mode, item.batch)
        super().put(item, block, timeout)

    def end(self) -> None:
        """End the queue. run() shows the items that are still queued after the servers have exited."""
        self.ended = True
        self.put(None)


class _Following:
    """Shows the events of the servers on the screen. `page` is the process of the page; None without a page."""

    def __init__(self, servers: tuple[ServerProcess, ...], page: ServerProcess | None, screen: Screen) -> None:
        self._servers = servers
        self._page = page
        self._screen = screen
        self._awaited = {*servers} if page is None else {*servers, page}
        self._early: list[tuple[Mode, Batch]] = []

    def until_ended(self, queued: _Queue) -> None:
        """Show events until a signal stops the servers.

        Raises:
            Failure: a server did not start or exited.
        """
        while not queued.ended and (item := queued.get()) is not None:
            if item.batch is not None or item.kind == "line":
                self.show(item)
            elif item.kind == "ready":
                self._ready(item.source)
            else:
                raise Failure(self._why(item))

    def show(self, item: ServerEvent) -> None:
        """Show a batch of steps, or a line."""
        if item.batch is not None:
            self._happened(item.source.mode, item.batch)
        else:
            self._screen.log(None if item.source is self._page else item.source.mode, item.line)

    def _happened(self, mode: Mode, batch: Batch) -> None:
        if self._awaited:
            self._early.append((mode, batch))  # steps of a lifespan that starts before the URLs are printed
        else:
            self._screen.events(mode, batch)

    def _ready(self, process: ServerProcess) -> None:
        self._awaited.discard(process)
        if not self._awaited:
            where = [(each.mode, each.server, each.address) for each in self._servers]
            self._screen.start(where, self._page.address if self._page else None)
            for mode, batch in self._early:
                self._screen.events(mode, batch)

    def _why(self, item: ServerEvent) -> str:
        source = item.source
        server = "the page's server" if source is self._page else f"the {source.mode} server {source.server}"
        if item.kind == "late":
            return f"{server} is not listening after {START:.0f} seconds; see its output above"
        message = source.lines[-1] if source.lines else "no output"
        return f"{server} {'did not start' if source in self._awaited else 'exited unexpectedly'}: {message}"
