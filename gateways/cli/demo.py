"""`gateways demo`: the reference app behind one server or three, and what it is given and answers, as it happens.

Knows the command line, the signals and the order of things; it must not know how a server is run or a request shown.
"""

import queue
import signal
import socket

import click

from gateways.cli.command import Command
from gateways.cli.screen import Screen
from gateways.failure import Failure
from gateways.serving.job import Observe
from gateways.serving.listen import bind
from gateways.serving.process import START, News, NewsQueue, ServerProcess, end_all
from gateways.serving.server import MODES, Mode, side

Chosen = list[tuple[Mode, str]]
"""Modes, and the name of the server of each."""


@click.command(cls=Command)
@click.option("--mode", type=click.Choice(MODES), help="One interface only; all three, side by side, without.")
@click.option("--server", metavar="NAME", help="Another server of that mode than its usual one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to listen on; three modes take this and the next two. 0: any that is free.",
)
@click.option("--quiet", is_flag=True, help="One line a request, and nothing between the app and its server but that.")
def demo(mode: Mode | None, server: str | None, host: str, port: int, quiet: bool) -> None:
    """Serve the reference app as CGI, WSGI and ASGI, and show each request: what the app was given, each call or event
    with its time, and what went back. Ctrl-C ends it.
    """
    chosen = choose(mode, server)
    if port and port + len(chosen) - 1 > 65535:
        raise click.BadParameter(
            f"three modes need three ports, and {port} is too near to 65535.", param_hint="'--port'"
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
        raise click.BadParameter(
            f"{server!r} is none for {mode}; it has {', '.join(servers)}.", param_hint="'--server'"
        )
    return [(mode, server or next(iter(servers)))]


def run(chosen: Chosen, host: str, port: int, quiet: bool) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Raises:
        Failure: a server is not installed, a port is taken, or a server did not start or has ended by itself.
    """
    for mode, name in chosen:
        side(mode).SERVERS[name].version()
    news: NewsQueue = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: news.put(None))
    running: list[ServerProcess] = []
    try:
        for (mode, name), sock in zip(chosen, _bind(len(chosen), host, port), strict=True):
            observe: Observe = "access" if quiet else "steps"
            running.append(ServerProcess(mode, name, side(mode).REFERENCE, observe, sock, news))
        _follow(running, Screen(quiet), news)
    finally:
        end_all(running)


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


def _follow(running: list[ServerProcess], screen: Screen, news: NewsQueue) -> None:
    """Show what the servers do, until there is None among the news."""
    awaited = set(running)
    early: list[News] = []
    while (item := news.get()) is not None:
        if item.batch is not None and awaited:
            early.append(item)  # a lifespan begins before anybody can be told where to send requests
        elif item.batch is not None:
            screen.events(item.source.mode, item.batch)
        elif item.kind == "line":
            screen.log(item.source.mode, item.line)
        elif item.kind == "ready":
            awaited.discard(item.source)
            if not awaited:
                screen.start([(each.mode, each.server, each.address) for each in running])
                for each in early:
                    if each.batch is not None:
                        screen.events(each.source.mode, each.batch)
        else:
            raise Failure(_why(item, item.source in awaited))


def _why(item: News, starting: bool) -> str:
    server = f"the {item.source.mode} server {item.source.server}"
    if item.kind == "late":
        return f"{server} does not listen after {START:.0f} seconds; see what it says above"
    said = item.source.lines[-1] if item.source.lines else "it said nothing"
    return f"{server} {'did not start' if starting else 'has ended by itself'}: {said}"
