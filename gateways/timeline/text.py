"""Format the timeline for a terminal: a table of the generations, and the streams as bars on one axis. Pure."""

from textwrap import wrap

from rich.text import Text

from gateways.timeline.document import REPEATS, Run, Timeline, times
from gateways.trace.axis import ms, ticks

WIDTH = 100
NAMES = 11
TIMES = 33
"""Width of the times beside a bar, in columns."""

STYLES = {"cgi": "magenta", "wsgi": "green", "asgi": "cyan"}


def lines(timeline: Timeline, width: int = WIDTH) -> list[Text]:
    """Return the lines, each at most `width` columns wide. `width` must be at least 76."""
    out = [Text("One request through five generations, each on a real server", style="bold")]
    out += [Text(f"{timeline.hello} · the median of {REPEATS} requests after one warm-up request", style="dim"), Text()]
    out += _table(timeline, width)
    out += [Text(), Text(f"{timeline.stream}: five blocks, sent 100 ms apart", style="bold")]
    out += [Text("○ the app sends a block  ● data on the socket  ◉ both at once", style="dim"), Text()]
    bar = width - NAMES - TIMES
    out += [_bar(run, timeline.end, bar) for run in timeline.runs]
    out.append(_axis(timeline.end, bar))
    if timeline.problem:
        out += [Text(), Text(timeline.problem, style="bold red")]
    return [piece for line in out for piece in (_folded(line, width) if len(line.plain) > width else [line])]


def _folded(line: Text, width: int) -> list[Text]:
    return [Text(piece, style=line.style) for piece in wrap(line.plain, width)]


def _table(timeline: Timeline, width: int) -> list[Text]:
    runs = timeline.runs
    column = (width - NAMES) // max(len(runs), 1)
    rows = [
        ("", [run.generation.name for run in runs]),
        ("", [str(run.generation.year) for run in runs]),
        ("called", [_signature(run) for run in runs]),
        ("new", [run.generation.news for run in runs]),
        ("runs in", [run.where for run in runs]),
        ("steps", [_calls(run) for run in runs]),
        ("first byte", [_time(times(run.hello)[0]) for run in runs]),
        ("in total", [_time(times(run.hello)[1]) for run in runs]),
        ("cannot", [run.generation.cannot for run in runs]),
    ]
    out: list[Text] = []
    for number, (name, cells) in enumerate(rows):
        if number > 1:
            out.append(Text())
        out += _row(name, [wrap(cell, column - 2) or [""] for cell in cells], column, timeline, bold=number == 0)
    return out


def _row(name: str, cells: list[list[str]], column: int, timeline: Timeline, bold: bool) -> list[Text]:
    out = []
    for height in range(max(map(len, cells))):
        line = Text(name.ljust(NAMES) if not height else " " * NAMES, style="dim")
        for cell, run in zip(cells, timeline.runs, strict=True):
            words = cell[height] if height < len(cell) else ""
            style = f"not dim bold {STYLES[run.generation.mode]}" if bold else "not dim"
            line.append(words.ljust(column), style=style)
        line.rstrip()
        out.append(line)
    return out


def _signature(run: Run) -> str:
    signature = run.hello.served.signature
    return "a program, app.py" if run.generation.mode == "cgi" else signature.replace(")(", ") (")


def _calls(run: Run) -> str:
    total = sum(count for _, count in run.calls)
    words = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in run.calls)
    return f"{total}: {words}"


def _time(seconds: float | None) -> str:
    return "none came" if seconds is None else ms(seconds)


def _bar(run: Run, end: float, bar: int) -> Text:
    """Return the bar of a stream. The bar shows the wait for the first byte, then the blocks and the data."""
    first, last = times(run.stream)
    cells = [" "] * bar
    for column in range(_column(last or 0.0, end, bar) + 1):
        cells[column] = "─" if first is not None and column >= _column(first, end, bar) else "░"
    sent_by_app, sent = ({_column(at, end, bar) for at in when} for when in (run.made, run.sent))
    for column in sent_by_app | sent:
        cells[column] = "◉" if column in sent_by_app & sent else "●" if column in sent else "○"
    style = STYLES[run.generation.mode]
    line = Text(run.generation.name.ljust(NAMES), style=f"bold {style}")
    line.append("".join(cells), style=f"not bold {style}")
    words = f"  first {_time(first)}, all {_time(last)}"
    return line.append(words, style="not bold default")


def _column(at: float, end: float, bar: int) -> int:
    return min(bar - 1, max(0, round(at / end * (bar - 1))))


def _axis(end: float, bar: int) -> Text:
    cells = [" "] * (bar + 12)
    for at in ticks(end):
        label = ms(at) if at else "0 ms"
        start = max(0, _column(at, end, bar) - (len(label) // 2 if at else 0))
        cells[start : start + len(label)] = label
    return Text(" " * NAMES + "".join(cells).rstrip(), style="dim")
