"""Main loop of `gateways serve`. It starts the server on a bound socket, prints its lines, restarts it and stops it.

Knows the events of servers and signals, which go to the main thread through one queue. It must not know how a server is
run.
"""

import queue
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from socket import SO_ACCEPTCONN, SOL_SOCKET, socket
from threading import Lock
from typing import TYPE_CHECKING

import click

from gateways.cli.plan import Plan, heading
from gateways.events.events import Event
from gateways.events.printable import printable
from gateways.failure import Failure
from gateways.serving.changes import Changes
from gateways.serving.listen import bind, reachable, url
from gateways.serving.log_lines import LEVELS, fields, level_of, line
from gateways.serving.process import START, EventQueue, ServerEvent, ServerProcess, end_all, last_events
from gateways.serving.server import side

if TYPE_CHECKING:
    from gateways.serving.broken import BrokenPage

LINES = 200
"""Number of lines of server output shown on the error page."""


class Serving:
    """A server on a socket. With --reload, a new server replaces the old one on the same socket after each change."""

    def __init__(self, plan: Plan, sock: socket) -> None:
        self._plan = plan
        self._sock = sock
        self._events: EventQueue = queue.SimpleQueue()
        self._current: ServerProcess
        self._starting = Lock()
        self._page: BrokenPage | None = None
        self._has_listened = False

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP.

        Raises:
            Failure: the server did not start or exited, and --reload is off.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._events.put(None))
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)
        with ExitStack() as stack:
            with self._starting:
                if self._plan.reload:  # watch files before the server imports them
                    stack.enter_context(Changes(_folders(self._plan.known.target), self._changed))
                self._start()
            stack.callback(self._close_page)
            stack.callback(lambda: end_all([self._current]))
            while (item := self._events.get()) is not None:
                # If a file change replaced the server, print the last output of the old server too.
                if item.source is self._current or item.kind in ("line", "events"):
                    self._take(item)
        for item in last_events(self._events):
            self._take(item)

    def _start(self) -> None:
        plan = self._plan
        self._free_address()
        self._current = ServerProcess(
            plan.mode,
            plan.server,
            plan.known.target,
            "nothing" if plan.quiet else "access",
            self._sock.dup(),  # a copy: clients of self._sock wait during a restart, if the server adopts it
            self._events,
            plan.known.interface,
            plan.settings,
        )

    def _changed(self, paths: list[Path]) -> None:
        with self._starting:  # a server that is being started may have imported the files before the change
            source = self._current
        self._events.put(ServerEvent(source, "changed", ", ".join(map(str, paths))))

    def _take(self, item: ServerEvent) -> None:
        if item.batch is not None:
            for event in item.batch.events:
                self._print_request(event)
        elif item.kind == "line":
            click.echo(printable(item.line.expandtabs()), err=True)
        elif item.kind == "ready":
            self._ready()
        elif item.kind == "late":
            click.echo(f"still waiting for the server to listen ({START:.0f} s); Ctrl-C stops it", err=True)
        elif item.kind == "changed":
            click.echo(f"changed: {item.line}")
            self._close_page()
            end_all([self._current])
            with self._starting:
                self._start()
        else:
            self._ended()

    def _print_request(self, event: Event) -> None:
        """Print the line of a request, with the time at which it ended. Both processes use the same clock."""
        data, level = event[4], self._plan.settings.log_level or "info"
        if LEVELS.index(level_of(data[3] or 0, data[6])) >= LEVELS.index(level):
            ago = time.perf_counter() - (event[0] + data[5])
            when = datetime.now().astimezone() - timedelta(seconds=ago)
            click.echo(line(self._plan.log_format, fields(self._plan.mode, data, when)))

    def _close_page(self) -> None:
        if self._page is not None:
            self._page.close()
            self._page = None

    def _free_address(self) -> None:
        """Replace the listening socket of the error page, which blocks the address if the server binds its own."""
        adopts = "unix" in side(self._plan.mode).SERVERS[self._plan.server].options
        if not adopts and self._sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN):
            host, port = self._sock.getsockname()[:2]
            self._sock.close()
            self._sock = bind(host, port)

    def _ready(self) -> None:
        if not self._has_listened:  # after a restart the socket is already listening
            self._has_listened = True
            for line in heading(self._plan, self._current.address):
                click.echo(line)

    def _ended(self) -> None:
        plan = self._plan
        if plan.reload:
            from gateways.serving.broken import BrokenPage  # imported late, because it imports http.server

            click.echo(f"{plan.server} has exited; it will be restarted when a Python file changes")
            tls = (plan.settings.certfile, plan.settings.keyfile) if plan.settings.certfile else None
            lines = self._current.lines[-LINES:]
            self._page = BrokenPage(self._sock.dup(), plan.known.target, lines, tls)
            return
        how = "exited unexpectedly" if self._has_listened else "did not start"
        message = self._current.lines[-1] if self._current.lines else "no output"
        raise Failure(f"the {plan.mode} server {plan.server} {how}: {message}")


Changed = queue.SimpleQueue[list[Path]]
"""The queue of changed files."""


@contextmanager
def watched(target: str) -> Iterator[Changed]:
    """Watch the files of a target that cannot be imported."""
    changed: Changed = queue.SimpleQueue()
    with Changes(_folders(target), changed.put):
        yield changed


def await_change(target: str, failure: Failure, sock: socket, tls: tuple[str, str] | None, changed: Changed) -> None:
    """Show the import error, in the terminal and in the browser, until a Python file changes."""
    from gateways.serving.broken import BrokenPage  # imported late, because it imports http.server

    click.echo(f"{failure}; will try again when a Python file changes", err=True)
    lines = [*failure.traceback.splitlines(), str(failure)]
    with BrokenPage(sock.dup(), target, lines, tls):
        where = url(*reachable(sock), "https" if tls else "http")
        click.echo(f"{where}  shows the error")
        click.echo(f"changed: {', '.join(map(str, changed.get()))}")


def _folders(target: str) -> list[Path]:
    """Return the folders to watch: the current folder, and the target's folder if it is elsewhere."""
    here = Path.cwd()
    file = Path(target.partition(":")[0]).resolve()
    return [here] if not file.is_file() or file.is_relative_to(here) else [here, file.parent]
