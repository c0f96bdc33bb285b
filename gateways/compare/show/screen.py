"""Print a comparison on the terminal: live progress, then the report.

Knows the console. It must not know how anything is measured. It draws only between measurements, because drawing would
disturb them. A terminal shows live bars. Other outputs get a line for each step.
"""

import json
import statistics
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table as Grid
from rich.text import Text

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.doubts import Doubt, doubts
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.judge.words import rate
from gateways.compare.record import NULL, Record
from gateways.compare.show.table import MAX_PARTS, Table, of_parts, table
from gateways.files import write_whole

BAR = 30
EVERY = 0.25
"""Minimum time between an update of the screen and an update after a measurement, in seconds."""
SPARKS = "▁▂▃▄▅▆▇█"
WIDE = 200
LAST = 12
"""Number of slices in a sparkline."""


class Screen(AbstractContextManager["Screen"]):
    """Shows the progress of the bench. If `file` is given, it also saves the record there."""

    def __init__(self, console: Console, planned: float, file: Path | None) -> None:
        self._console, self._planned, self._file = console, planned, file
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._what = self._scenario = self._printed = ""
        self._done = 0.0
        self._began = self._drawn = time.monotonic()
        self._record: Record | None = None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def now(self, what: str, scenario: str = "") -> None:
        self._what, self._scenario = what, scenario
        if self._live is not None:
            self._draw()
            return
        progress = f"{scenario}: {what.partition(':')[0]}" if scenario else what
        if progress != self._printed:
            self._console.print(f"{progress} ({self._left()} left)")
            self._printed = progress

    def longer(self, seconds: float) -> None:
        self._planned += seconds

    def measured(self, record: Record, planned: float) -> None:
        self._done += planned
        self._record = record
        if time.monotonic() - self._drawn > EVERY:
            self._draw()

    def keep(self, record: Record) -> None:
        if self._file is not None:
            write_whole(self._file, json.dumps(record.to_json(), allow_nan=False))

    def _left(self) -> str:
        """Estimate the remaining time from the plan and the progress so far."""
        took = time.monotonic() - self._began
        pace = min(10.0, max(0.5, took / self._done)) if self._done > 10 else 1.0
        minutes, seconds = divmod(round(max(0.0, self._planned - self._done) * pace), 60)
        return f"{minutes}m{seconds:02}s"

    def _draw(self) -> None:
        if self._live is not None:
            self._drawn = time.monotonic()
            head = Text.assemble(
                ("gateways compare", "bold"), f"  {self._scenario}  {self._what}  ", self._left(), " left"
            )
            bars = [] if self._record is None else [found_so_far(self._record)]
            self._live.update(Group(head, *bars), refresh=True)


def found_so_far(record: Record) -> RenderableType:
    """Return bars with the current medians of each measured scenario, and a sparkline of the last slices of each
    contender.
    """
    grid = Grid.grid(padding=(0, 1))
    by: dict[tuple[str, int], dict[str, list[float]]] = {}
    for cell in record.cells:
        if not cell.offered or cell.phase == "long":
            clients = 0 if cell.phase == "capacity" else cell.connections
            by.setdefault((cell.scenario, clients), {}).setdefault(cell.contender, []).append(cell.measured.rate)
    for (scenario, clients), rates in by.items():
        grid.add_row(Text(f"{scenario}{f', {clients} clients' if clients else ''}", style="bold"))
        medians = {name: statistics.median(values) for name, values in rates.items() if name != NULL}
        most = max(medians.values(), default=0.0) or 1.0
        for name, median in sorted(medians.items(), key=lambda item: -item[1]):
            sparks = sparkline(rates[name][-LAST:]) if len(rates[name]) > 1 else ""
            label = record.entrant(name).label
            grid.add_row(
                f"  {label}", Text(bar(median / most, BAR), style="cyan"), rate(median), Text(sparks, style="dim")
            )
    return grid


def bar(share: float, length: int) -> str:
    """Return a bar of blocks, in proportion to `share`. It has at least one block unless the value is zero."""
    eighths = round(share * length * 8)
    return "█" * (eighths // 8) + ("", *"▏▎▍▌▋▊▉")[eighths % 8] or ("▏" if share else "")


def sparkline(values: Sequence[float]) -> str:
    """Return a sparkline: a block for each value, scaled to the largest."""
    most = max(values) or 1.0
    return "".join(SPARKS[round(value / most * (len(SPARKS) - 1))] for value in values)


def console(to_stderr: bool) -> Console:
    """Return the console. Outside a terminal, it is WIDE characters wide."""
    output = Console(stderr=to_stderr, highlight=False, emoji=False, markup=False)
    return (
        output
        if output.is_terminal
        else Console(stderr=to_stderr, highlight=False, emoji=False, markup=False, width=WIDE)
    )


def show(out: Console, record: Record, sections: Sequence[Section]) -> None:
    """Print the report: tables, verdicts, doubts."""
    for section in sections:
        if section.rows:
            _show_table(out, table(section))
            parts = of_parts(section, MAX_PARTS)
            if parts is not None:
                _show_table(out, parts, fixed=2)
    if not any(section.rows for section in sections):
        out.print("Nothing was measured.")
    for verdict in verdicts(sections):
        out.print(Text.assemble(("• ", "green"), (verdict, "bold")), soft_wrap=not out.is_terminal)
    found = doubts(record, sections)
    if found:
        out.print()
    for each in found:
        out.print(_doubt(each), soft_wrap=not out.is_terminal)
    out.print()
    out.print(Text(_environment(record), style="dim"), soft_wrap=not out.is_terminal)


def _show_table(out: Console, shown: Table, fixed: int = 1) -> None:
    """Print the table. On a narrow terminal, print several tables, each with the first `fixed` columns."""
    out.print(Text(shown.title, style="bold"))
    out.print(Text(shown.note, style="dim"))
    for bars, columns in _parts(shown, out.width, fixed):
        grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        if bars:
            grid.add_column("")
        for number in columns:
            grid.add_column(shown.columns[number], justify="left" if number < fixed else "right", no_wrap=True)
        for line in shown.lines:
            blocks = [Text(bar(line.bar, SHORT).ljust(SHORT), style="cyan")] if bars else []
            cells = [Text(line.cells[number]) for number in columns]
            grid.add_row(*blocks, *cells, style="dim" if line.dim else "")
        out.print(grid)
        out.print()


GAP, SHORT = 2, 8


def _parts(shown: Table, width: int, fixed: int) -> list[tuple[bool, list[int]]]:
    """Split a table into parts of at most `width` characters. Return a pair for each part: True if the part starts with
    bars, and its columns.
    """
    widths = [
        max(len(name), *(len(line.cells[number]) for line in shown.lines)) + GAP
        for number, name in enumerate(shown.columns)
    ]
    bars = any(line.bar for line in shown.lines) and SHORT + GAP + sum(widths) - GAP <= width
    parts = [[*range(fixed)]]
    for number in range(fixed, len(widths)):
        taken = (SHORT + GAP if bars else 0) + sum(widths[each] for each in parts[-1])
        if taken + widths[number] - GAP > width and len(parts[-1]) > fixed:
            parts.append([*range(fixed)])
        parts[-1].append(number)
    return [(bars, part) for part in parts]


def _doubt(doubt: Doubt) -> Text:
    return Text.assemble((f"{doubt.name}: ", "yellow"), doubt.what, ". Try: ", (doubt.remedy, "italic"))


def _environment(record: Record) -> str:
    machine, placement = record.machine, record.placement
    server, client = (", ".join(map(str, cores)) for cores in (placement.server, placement.client))
    where = f" (server on {server}, client on {client})" if placement.bound else ""
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    what = f"{machine.cpu}, {machine.cores} cores{where}, {machine.system}, {machine.python}, {packages}"
    return f"{what}; seed {record.seed}. {record.setting}"
