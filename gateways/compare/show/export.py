"""Write the results as Markdown for readers, and as CSV for programs. Pure."""

import csv
import io
import math
import shlex
from collections.abc import Sequence

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.doubts import doubts
from gateways.compare.judge.figures import Row
from gateways.compare.judge.parts import PartRow, PartTable
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.record import Record
from gateways.compare.show.table import of_parts, table


def markdown(record: Record, sections: Sequence[Section]) -> str:
    """Return verdicts, a table for each scenario, doubts, and the commands."""
    machine = record.machine
    parts = [f"# {record.target}, compared", "\n".join(f"- {verdict}" for verdict in verdicts(sections))]
    for section in sections:
        shown = table(section)
        parts += [f"## {shown.title}", shown.note, grid(shown.columns, [line.cells for line in shown.lines])]
        each = of_parts(section)
        if each is not None:
            parts += [f"### {each.title}", each.note, grid(each.columns, [line.cells for line in each.lines])]
    found = doubts(record, sections)
    if found:
        parts += ["## Doubts", "\n".join(f"- **{each.name}**: {each.what}. Try: {each.remedy}." for each in found)]
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    method = f"{machine.cpu}, {machine.cores} cores; {machine.system}; {machine.python}; {packages}"
    lines = [line for line in command_lines(record) if line]
    commands = "\n".join(["```", *lines, "```"]) if lines else ""
    parts += ["## Setup", f"{method}. {record.created}, seed {record.seed}. {record.setting}", commands]
    parts += files_of(record)
    return "\n\n".join(filter(None, parts)) + "\n"


def files_of(record: Record) -> list[str]:
    """Return lines about the modules and programs that the commands need: a line that names their folder, and then each
    file.
    """
    files = {name: text for entrant in record.entrants for name, text in entrant.files.items()}
    if not files:
        return []
    blocks = [f"`{name}`:\n\n```text\n{text}```" for name, text in files.items()]
    return [f"{where(record)}:", *blocks]


def where(record: Record) -> str:
    """Return a sentence with the folder of the commands' files, or with the folder in which to put them."""
    if any(entrant.environment for entrant in record.entrants):
        return "The commands import these files from the folder in PYTHONPATH"
    return (
        "The commands need these files in the current folder; programs must be executable."
        " --keep FOLDER writes the files"
    )


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a text column first, then columns of figures."""
    lines = [columns, ("---", *("---:" for _ in columns[1:])), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def command_lines(record: Record) -> list[str]:
    """Return the command line for each contender; "" for a running server."""
    lines = []
    for entrant in record.entrants:
        if not entrant.twin_of:
            environment = [f"{name}={shlex.quote(value)}" for name, value in entrant.environment.items()]
            lines.append(" ".join([*environment, *map(_quoted, entrant.command)]))
    return lines


def _quoted(word: str) -> str:
    return word if "{port}" in word else shlex.quote(word)


FIELDS = (
    *(
        "scenario",
        "connections",
        "contender",
        "label",
        "mode",
        "server",
        "adapter",
        "threads",
        "ranked",
        "rate",
        "ratio",
    ),
    *(
        "ratio_low",
        "ratio_high",
        "tie",
        "letters",
        "limit",
        "answered",
        "failures",
        "cpu_seconds_per_answer",
        "cpu_ratio",
        "server_cores",
    ),
    *(
        "offered",
        "p50",
        "p99",
        "p999",
        "first_byte_p50",
        "first_byte_p99",
        "gap_p50",
        "gap_p99",
        "held",
        "memory_before",
    ),
    *("memory_peak", "memory_after", "server_threads", "server_processes", "switches_per_answer"),
    *("request", "weight", "status"),
)
"""The columns of the CSV. Times are in seconds, memory is in bytes. An empty value means unknown, inf means never."""


def table_of_values(sections: Sequence[Section]) -> str:
    """Return CSV. It has a line for each contender, scenario and rate at which latency was measured. After a mix, it
    has a line for each request and contender.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    for section in sections:
        for row in section.rows:
            for latency in row.figures.latencies or (None,):
                answer = row.figures.answer if latency is None else latency.answer
                first = row.figures.first_byte if latency is None else latency.first_byte
                offered = "" if latency is None else latency.offered
                percentiles = {"offered": offered, "p50": answer.p50, "p99": answer.p99, "p999": answer.p999}
                percentiles |= {"first_byte_p50": first.p50, "first_byte_p99": first.p99}
                values = _values(section, row) | (percentiles if latency is not None or not section.quick else {})
                writer.writerow({name: _plain(value) for name, value in values.items()})
        for part in section.parts:
            for each in part.rows:
                writer.writerow({name: _plain(value) for name, value in _of_part(section, part, each).items()})
    return out.getvalue()


def _values(section: Section, row: Row) -> dict[str, object]:
    figures, entrant, ratio = row.figures, row.figures.entrant, row.ratio
    before, peak, after = figures.memory
    return {
        "scenario": section.question.name,
        "connections": figures.connections,
        "contender": entrant.id,
        "label": entrant.label,
        "mode": entrant.mode,
        "server": entrant.server,
        "adapter": entrant.adapter,
        "threads": entrant.threads,
        "ranked": row.ranked,
        "rate": figures.rate,
        "ratio": ratio and ratio.value,
        "ratio_low": ratio and ratio.low,
        "ratio_high": ratio and ratio.high,
        "tie": row.tie,
        "letters": row.letters,
        "limit": row.limit,
        "answered": figures.answered,
        "failures": figures.failures,
        "cpu_seconds_per_answer": figures.cpu,
        "cpu_ratio": row.cpu_ratio and row.cpu_ratio.value,
        "server_cores": figures.cores,
        "gap_p50": figures.gap.p50,
        "gap_p99": figures.gap.p99,
        "held": figures.held if section.question.behind else None,
        "memory_before": before or None,
        "memory_peak": peak or None,
        "memory_after": after or None,
        "server_threads": figures.threads or None,
        "server_processes": figures.processes or None,
        "switches_per_answer": figures.switches,
    }


def _of_part(section: Section, part: PartTable, row: PartRow) -> dict[str, object]:
    entrant = row.entrant
    return {
        "scenario": section.question.name,
        "request": part.asked.label,
        "weight": part.asked.weight,
        "status": part.asked.answer.status,
        "contender": entrant.id,
        "label": entrant.label,
        "mode": entrant.mode,
        "server": entrant.server,
        "adapter": entrant.adapter,
        "threads": entrant.threads,
        "rate": row.rate,
        "answered": row.answered,
        "failures": sum(row.failed.values()),
        "offered": row.offered or None,
        "p50": row.answer.p50,
        "p99": row.answer.p99,
        "p999": row.answer.p999,
    }


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not math.isinf(value):
        return f"{value:.6g}"
    return "" if value is None else value
