"""Draw a trace as a sequence diagram for a terminal, with times, a lifeline for each layer, and the steps. Pure.

It must not know a console; the width is a parameter.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text

from gateways.events.printable import printable
from gateways.trace.axis import ms
from gateways.trace.captions import CLOCK, letter, log, summary, threads, title
from gateways.trace.document import Trace
from gateways.trace.steps import Step
from gateways.trace.text import NARROWEST, fold

WIDTH = 100
FIRST = 14
SPACING = {3: 11, 4: 10}
"""Number of columns between two lifelines, by the number of lifelines."""

STYLES = {"transport": "yellow", "protocol": "cyan", "application": "green"}
LAYERS = {"TRANSPORT": "yellow", "PROTOCOL": "cyan", "ADAPTER": "magenta", "APPLICATION": "green"}
PAUSE = 0.02
"""Minimum pause between steps that is shown, in seconds. It must also be at least a twentieth of the total time."""

RUN = 24
"""Number of steps of a body that are drawn at the start and at the end of a sequence."""
LAST = 6

TALL = 3
"""Maximum number of lines of a value that are shown."""

NAME = 22
"""Maximum length of a name that stands beside its value. A longer name stands above the value."""

OTHERS = 6
"""Maximum number of hidden variables that are named."""


def diagram(trace: Trace, width: int = WIDTH) -> list[Text]:
    """Return the lines of a trace, each at most `width` columns wide."""
    canvas = _Canvas(trace, width)
    lines = [*title(trace, width), Text(), *canvas.heads()]
    for phase, caption in (("before", "before the request: the app starts"), ("request", ""), ("after", "the end")):
        steps = [step for step in trace.steps if step.phase == phase]
        if steps and caption:
            lines += canvas.rule(caption)
        elif steps and phase == "request" and any(step.phase == "before" for step in trace.steps):
            lines += canvas.rule("the request")
        lines += canvas.steps(steps)
    return [*lines, *canvas.feet(), *threads(trace, width), *log(trace, width), Text(), *summary(trace, width)]


class _Canvas:
    """The lifelines, and the steps drawn on them."""

    def __init__(self, trace: Trace, width: int) -> None:
        self._lifelines = trace.lifelines
        spacing = SPACING[len(self._lifelines)]
        self._columns = [FIRST + spacing * n for n in range(len(self._lifelines))]
        self._beside = self._columns[-1] + 4
        self._width = width
        self._letters = {thread: letter(n) for n, thread in enumerate(trace.threads)}
        self._total = max((step.at for step in trace.steps if step.phase == "request"), default=0.0)

    def heads(self) -> list[Text]:
        """Return two lines: the names of the layers, and the implementation of each layer."""
        lines = [Text(" " * CLOCK), Text(f"{'ms':>{CLOCK - 2}}  ", style="dim")]
        for column, (layer, name) in zip(self._columns, self._lifelines, strict=True):
            for line, caption in zip(lines, (layer, name), strict=True):
                start = max(column - len(caption) // 2, len(line.plain) + bool(line.plain.strip()))
                line.append(" " * (start - len(line.plain))).append(caption, style=f"bold {LAYERS[layer]}")
        return lines

    def feet(self) -> list[Text]:
        return [self._row(dict.fromkeys(self._columns, "┴"))]

    def rule(self, caption: str) -> list[Text]:
        return [self._row({}).append(f"── {caption}", style="dim italic")]

    def steps(self, steps: Sequence[Step]) -> Iterator[Text]:
        """Return the lines of consecutive steps."""
        before: Step | None = None
        for step in _abridged(steps):
            if isinstance(step, str):
                yield self._row({}).append(f"⋮ {step}", style="dim italic")
                continue
            if before is not None and (waited := step.at - before.at) > max(PAUSE, self._total / 20):
                yield self._row({}, clock="⋮").append(f"⋮ {ms(waited)}", style="dim italic")
            yield from self._step(step)
            before = step

    def _step(self, step: Step) -> Iterator[Text]:
        left, right = sorted((self._columns[step.source], self._columns[step.target]))
        drawn = dict.fromkeys(range(left + 1, right), "─")
        drawn |= (
            {left: "├", right - 1: "▶", right: "│"}
            if step.source < step.target
            else {left: "│", left + 1: "◀", right: "┤"}
        )
        style = "red" if step.wrong else STYLES[step.layer]
        clock = f"{step.at * 1000:.2f}"
        line = self._row(drawn, clock, self._letters.get(step.thread, " "), style)
        text = printable(step.text)
        line.append(step.what, style=f"bold {style}")
        start = self._beside + len(step.what) + 2
        if text:
            first, *rest = fold(text, self._width, start, self._beside + 2)
            if len(step.what) + 2 + len(first) > self._width - self._beside:  # the text does not fit beside the step
                rest, first = fold(text, self._width, self._beside + 2, self._beside + 2), ""
            yield line.append(f"  {first}" if first else "")
            yield from (self._row({}).append(f"  {piece}") for piece in rest)
        else:
            yield line
        yield from self._fields(step)

    def _fields(self, step: Step) -> Iterator[Text]:
        shown, others = _shown(step)
        most = min(NAME, self._width - self._beside - 4 - NARROWEST)
        longest = max((len(label) for name, _ in shown if len(label := printable(name)) <= most), default=0)
        for name, values in shown:
            label = printable(name)
            line = self._row({}).append("  ")
            if len(label) > longest:  # too long for the column of names
                for piece in fold(label, self._width, self._beside + 2, self._beside + 2):
                    yield self._row({}).append("  ").append(piece, style="dim")
                line.append("  ")
                taken = 4
            else:
                line.append(label.ljust(longest + 2) if longest else "", style="dim")
                taken = 2 + (longest + 2 if longest else 0)
            hanging = self._beside + taken
            pieces = [
                piece for value in values for piece in _cut(fold(printable(value), self._width, hanging, hanging))
            ]
            yield line.append(pieces[0])
            yield from (self._row({}).append(" " * taken + piece) for piece in pieces[1:])
        if others:
            names = ", ".join(others[:OTHERS]) + (", …" if len(others) > OTHERS else "")
            for piece in fold(f"and {len(others)} more: {names}", self._width, self._beside + 2, self._beside + 2):
                yield self._row({}).append(f"  {piece}", style="dim italic")

    def _row(self, drawn: dict[int, str], clock: str = "", letter: str = " ", style: str = "") -> Text:
        """Return a line up to the start of the text."""
        cells = [" "] * self._beside
        for column in self._columns:
            cells[column] = "│"
        for column, char in drawn.items():
            cells[column] = char
        line = Text(f"{clock:>{CLOCK - 2}} ", style="").append(letter, style="dim")
        line.stylize("dim", 0, CLOCK - 1)
        for column in range(CLOCK, self._beside):
            line.append(cells[column], style=style if column in drawn and cells[column] != "│" else "dim")
        return line


def _cut(pieces: list[str]) -> list[str]:
    return pieces if len(pieces) <= TALL else [*pieces[: TALL - 1], f"{pieces[TALL - 1][:-1]}…"]


def _shown(step: Step) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    """Return the variables of the request and of the interface, and the names of the other variables."""
    if step.what not in ("environ", "environment"):
        return list(step.fields), []
    shown = [pair for pair in step.fields if _of_request(pair[0])]
    return shown, [name for name, _ in step.fields if not _of_request(name)]


def _of_request(name: str) -> bool:
    return name in META or name.startswith(("HTTP_", "wsgi."))


META = {
    *("AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "PATH_INFO", "PATH_TRANSLATED"),
    *("QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_USER", "REQUEST_METHOD", "SCRIPT_NAME"),
    *("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE"),
}
"""Names of the meta-variables (RFC 3875, 4.1)."""


def _abridged(steps: Sequence[Step]) -> Iterator[Step | str]:
    """Return the steps. In a long body, a text replaces the steps that are left out."""
    start = 0
    while start < len(steps):
        end = start
        while end < len(steps) and _bulk(steps[end]):
            end += 1
        if end - start > RUN:
            yield from steps[start : start + RUN - LAST]
            yield f"{end - start - RUN} more steps like these; --json and --html have them all"
            yield from steps[end - LAST : end]
        else:
            yield from steps[start : end or start]
        if end == start:
            yield steps[start]
            end += 1
        start = end


def _bulk(step: Step) -> bool:
    return not step.fields and not step.wrong and not step.what.endswith("closes")
