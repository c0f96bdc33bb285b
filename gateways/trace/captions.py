"""Format the text around a trace's diagram in a terminal: request, response, threads and output.

Pure: it must not know a console; the width is a parameter.
"""

from rich.text import Text

from gateways.events.printable import printable
from gateways.trace.axis import ms
from gateways.trace.document import Trace
from gateways.trace.steps import Connection
from gateways.trace.text import fold

CLOCK = 10
"""Width of the time column."""

LOG = 12
"""Number of the last output lines that are shown."""

FRAMINGS = {"chunked": "chunks"}
"""Names of framings in a sentence, if they differ from the usual names."""


def title(trace: Trace, width: int) -> list[Text]:
    """Return the request, the app, and the server."""
    served = trace.served
    how = f"{served.interface.upper()} app on {served.server} {served.version}"
    how += f" through {served.adapter}" if served.adapter else ""
    lines = [Text(piece, style="bold") for piece in fold(printable(trace.asked), width, 0, 2)]
    return [*lines, *(Text(piece, style="dim") for piece in fold(f"{printable(served.target)} · {how}", width, 0, 2))]


def summary(trace: Trace, width: int) -> list[Text]:
    """Return status, framing, times and problem of the response."""
    pieces: list[tuple[str, str]] = []
    if trace.connection and trace.connection.response.start:
        pieces.append((" · ".join(_outcome(trace.connection)), "bold"))
    if trace.hop is not None:
        hop = f"{trace.served.adapter} called the app after {ms(trace.hop)}"
        pieces.append((hop, "bold"))
    if trace.note:
        pieces.append((trace.note, "italic"))
    if trace.problem:
        pieces.append((trace.problem, "bold red"))
    return [Text(line, style=style) for text, style in pieces for line in fold(printable(text), width, 0, 2)]


def _outcome(connection: Connection) -> list[str]:
    response = connection.response
    _, _, status = response.start.partition(" ")
    parts = [
        printable(status),
        f"framed by {FRAMINGS.get(response.framing, response.framing)}"
        if response.framing
        else "response headers incomplete",
    ]
    parts.append(f"{response.length:,} bytes" + ("" if response.complete else ", incomplete"))
    if connection.first is not None and connection.last is not None:
        parts += [f"first byte {ms(connection.first)}", f"in total {ms(connection.last)}"]
    return parts


def thread_name(name: str) -> str:
    """Return the name of a thread in a sentence."""
    return name if name.startswith(("the ", "thread ")) else f"thread {name}"


def letter(number: int) -> str:
    """Return the letter of a thread."""
    return chr(ord("a") + number % 26)


def threads(trace: Trace, width: int) -> list[Text]:
    """Return the process and thread of each letter."""
    lines = [Text()]
    for number, (process, name) in enumerate(trace.threads):
        pieces = fold(f"{letter(number)}  process {process}, {printable(thread_name(name))}", width, CLOCK, CLOCK + 2)
        lines += [Text(" " * (CLOCK - 1) + piece, style="dim") for piece in pieces]
    return lines if len(lines) > 1 else []


def log(trace: Trace, width: int) -> list[Text]:
    """Return the last lines written to stdout and stderr."""
    if not trace.log:
        return []
    lines = [Text(), Text("output of the server and the app (stdout and stderr)", style="dim italic")]
    skipped = len(trace.log) - LOG
    shown = trace.log if skipped <= 0 else trace.log[-LOG:]
    if skipped > 0:
        lines.append(Text(f"{' ' * CLOCK}{skipped} earlier lines; --json has all", style="dim italic"))
    for line in shown:
        clock = f"{line.at * 1000:>{CLOCK - 2}.0f}  "
        for piece in fold(printable(line.text.expandtabs()), width, CLOCK, CLOCK):
            lines.append(Text(clock, style="dim").append(piece, style="yellow"))
            clock = " " * CLOCK
    return lines
