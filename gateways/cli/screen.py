"""Print the output of `gateways demo`: the addresses for requests, and each request as it happens
(gateways.trace.text).

Knows the console. It must not know servers or sockets. The output is coloured and wrapped on a terminal. In a file or
pipe, it is plain and unwrapped.
"""

import platform
import sys
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.text import Text

from gateways.events.events import Batch, Event
from gateways.events.exchange import BEGINNINGS, Exchange, access_line, begin
from gateways.events.printable import printable
from gateways.serving.listen import url
from gateways.serving.server import Mode, side
from gateways.trace import text
from gateways.trace.rows import rows

Where = tuple[Mode, str, tuple[str, int]]
"""A server: its mode, its name, and its host and port."""


class Screen:
    """Prints to stdout. Not thread-safe."""

    def __init__(self, quiet: bool) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._quiet = quiet
        self._running: dict[tuple[Mode, int, int], Exchange] = {}
        self._numbers: dict[Mode, int] = {}

    def start(self, servers: list[Where], page: tuple[str, int] | None) -> None:
        """Print the addresses, and commands to try. `page` is the address of the page; None without a page."""
        if page is not None:
            line = Text().append(f"{'page':<5}", style="yellow").append(f"{url(*page)}  ", style="bold")
            self._console.print(line.append("all three side by side: open it in a browser"))
        for mode, name, (host, port) in servers:
            server = side(mode).SERVERS[name]
            line = (
                Text()
                .append(f"{mode.upper():<5}", style=text.STYLES[mode])
                .append(f"{url(host, port)}  ", style="bold")
            )
            self._console.print(line.append(f"{name} {server.version()}, {server.model}"))
        python = f"Python {platform.python_version()}"
        self._console.print(
            f"\nThe same app{' three times' if len(servers) > 1 else ''}, on {python}. In another terminal, try:\n"
        )
        for command in commands([address for _, _, address in servers]):
            self._console.print(f"  {command}", style="bold")
        self._console.print("\nPress Ctrl-C to stop.")

    def log(self, mode: Mode | None, line: str) -> None:
        """Print a line that a server or an app wrote to stdout or stderr. `mode` is None for the page."""
        line_text = printable(line.expandtabs())
        source = Text().append(f"{mode.upper()} log ", style=text.STYLES[mode]) if mode else Text("page log ")
        self._console.print(source.append(line_text, style="yellow"))

    def events(self, mode: Mode, batch: Batch) -> None:
        """Print a batch of steps, grouped by request. The order of the steps of a request is kept."""
        for number, steps in groupby(sorted(batch.events, key=itemgetter(2)), key=itemgetter(2)):
            self._exchange((mode, batch.process, number), list(steps))

    def _exchange(self, key: tuple[Mode, int, int], events: list[Event]) -> None:
        mode, kinds = key[0], {event[3] for event in events}
        if "access" in kinds:
            self._console.print(access_line(mode, events[0][4]))
            return
        width = self._console.width if self._console.is_terminal else None
        exchange = self._running.get(key)
        if exchange is None:
            if events[0][3] not in BEGINNINGS:
                return  # a background task of the app may call receive() after the end
            self._numbers[mode] = self._numbers.get(mode, 0) + 1
            exchange = self._running[key] = begin(self._numbers[mode], events[0])
            self._console.print()
            self._print(text.heading(mode, exchange.number, exchange.heading, width))
        answered = next((number for number, event in enumerate(events, 1) if event[3] == "end"), 0)
        for part in (events[:answered], events[answered:]):  # a CGI program may continue after its response
            for event in part:
                exchange.add(event)
            for row in rows(part, exchange.began):
                self._print(text.lines(mode, exchange.number, row, width))
            if part and part[-1][3] == "end":
                self._print(text.summary(mode, exchange.number, exchange.summary(), width, good=exchange.good))
        if exchange.over:
            del self._running[key]

    def _print(self, lines: list[Text]) -> None:
        self._console.print(Text("\n").join(lines))


def commands(addresses: list[tuple[str, int]]) -> list[str]:
    """Return three commands that the user can paste. With several servers, each command sends a request to all of them
    (curl expands the braces).
    """
    host = addresses[0][0]
    ports = ",".join(str(port) for _, port in addresses)
    base = url(host, f"{{{ports}}}" if len(addresses) > 1 else ports)
    return [
        f"curl '{base}/hello?name=you'",
        f"curl -N '{base}/stream?chunks=3&delay=0.5'",
        f"curl -d 'some words' '{base}/echo'",
    ]
