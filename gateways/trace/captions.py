"""What stands around a trace's diagram in a terminal: what was asked, what came back, which threads, what was written.

Pure: no console here, and no width but the one that is given.
"""

from rich.text import Text

from gateways.events.printable import printable
from gateways.trace.axis import ms
from gateways.trace.document import Trace
from gateways.trace.steps import Connection
from gateways.trace.text import fold

CLOCK = 10
"""The columns of the time."""

LOG = 12
"""Of what was written, so many lines are shown: the last ones."""

FRAMINGS = {"chunked": "chunks"}
"""What a framing is called in a sentence, where it is not what it is called."""


def title(trace: Trace, width: int) -> list[Text]:
    """What was asked of what, and how that was served."""
    served = trace.served
    how = f"{served.interface.upper()} app on {served.server} {served.version}"
    how += f" through {served.adapter}" if served.adapter else ""
    lines = [Text(piece, style="bold") for piece in fold(printable(trace.asked), width, 0, 2)]
    return [*lines, *(Text(piece, style="dim") for piece in fold(f"{printable(served.target)} · {how}", width, 0, 2))]


def summary(trace: Trace, width: int) -> list[Text]:
    """What came back, how it was framed, how long it took, and what went wrong."""
    pieces: list[tuple[str, str]] = []
    if trace.connection and trace.connection.response.start:
        pieces.append((" · ".join(_outcome(trace.connection)), "bold"))
    if trace.hop is not None:
        hop = f"the hop through {trace.served.adapter} took {ms(trace.hop)} on the way in"
        pieces.append((hop, "bold"))
    if trace.note:
        pieces.append((trace.note, "italic"))
    if trace.problem:
        pieces.append((trace.problem, "bold red"))
    return [Text(line, style=style) for text, style in pieces for line in fold(printable(text), width, 0, 2)]


def _outcome(connection: Connection) -> list[str]:
    response = connection.response
    _, _, status = response.start.partition(" ")
    said = [
        printable(status),
        f"framed by {FRAMINGS.get(response.framing, response.framing)}" if response.framing else "no end of the head",
    ]
    said.append(f"{response.length:,} bytes" + ("" if response.complete else ", not complete"))
    if connection.first is not None and connection.last is not None:
        said += [f"first byte {ms(connection.first)}", f"in total {ms(connection.last)}"]
    return said


def thread_name(name: str) -> str:
    """What a thread is called in a sentence; a CGI program has no name but that."""
    return name if name.startswith(("the ", "thread ")) else f"thread {name}"


def letter(number: int) -> str:
    """What stands for a thread."""
    return chr(ord("a") + number % 26)


def threads(trace: Trace, width: int) -> list[Text]:
    """Which process and thread each letter stands for."""
    lines = [Text()]
    for number, (process, name) in enumerate(trace.threads):
        pieces = fold(f"{letter(number)}  process {process}, {printable(thread_name(name))}", width, CLOCK, CLOCK + 2)
        lines += [Text(" " * (CLOCK - 1) + piece, style="dim") for piece in pieces]
    return lines if len(lines) > 1 else []


def log(trace: Trace, width: int) -> list[Text]:
    """The last of what was written to stdout and stderr."""
    if not trace.log:
        return []
    lines = [Text(), Text("what the server and the app wrote to stdout and stderr", style="dim italic")]
    skipped = len(trace.log) - LOG
    shown = trace.log if skipped <= 0 else trace.log[-LOG:]
    if skipped > 0:
        lines.append(Text(f"{' ' * CLOCK}{skipped} lines; --json has them; then:", style="dim italic"))
    for line in shown:
        clock = f"{line.at * 1000:>{CLOCK - 2}.0f}  "
        for piece in fold(printable(line.text.expandtabs()), width, CLOCK, CLOCK):
            lines.append(Text(clock, style="dim").append(piece, style="yellow"))
            clock = " " * CLOCK
    return lines
