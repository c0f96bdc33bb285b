"""Show the results of a comparison, write them to files, and compare them with older results.

Knows files and exit statuses. It must not know how anything is measured, judged or drawn.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateways.failure import Failure
from gateways.files import write_whole

if TYPE_CHECKING:
    from rich.console import Console

    from gateways.compare.judge.thresholds import Threshold
    from gateways.compare.record import Record


def report(
    record: Record,
    old: Record | None,
    thresholds: Sequence[Threshold],
    html: Path | None,
    markdown: Path | None,
    csv_file: Path | None,
) -> int:
    """Write the files, show the comparison, and return the exit status. The files are written first, because stdout may
    be a pipe that its reader closes early.

    Raises:
        Failure: nothing was measured, or a measurement failed.
    """
    from gateways.compare.judge.analysis import sections
    from gateways.compare.judge.thresholds import breaches
    from gateways.compare.show.export import markdown as as_markdown
    from gateways.compare.show.export import table_of_values
    from gateways.compare.show.screen import console, show

    found = sections(record)
    if record.empty and not record.interrupted:
        raise Failure("; ".join(["nothing was measured", *dict.fromkeys(each.why for each in record.exclusions)]))
    if html is not None:
        from gateways.compare.show.page import render

        write(html, render(record, found))
    texts = ((markdown, as_markdown(record, found)), (csv_file, table_of_values(found)))
    for file, text in sorted(((file, text) for file, text in texts if file), key=lambda each: each[0] == Path("-")):
        write(file, text)
    out = console(to_stderr=Path("-") in {markdown, csv_file})
    show(out, record, found)
    failed = [section.question.name for section in found if section.failed]
    if failed and not record.interrupted:
        raise Failure(
            f"the measurement of {', '.join(failed)} failed: two runs of the same server differ by more than 100 %; "
            "stop other programs and compare again"
        )
    worse = old is not None and _compared(out, record, old)
    breached = breaches(found, thresholds)
    for breach in breached:
        out.print(f"failed: {breach}", style="red", markup=False)
    return 130 if record.interrupted else 1 if worse or breached else 0


def _compared(out: Console, record: Record, old: Record) -> bool:
    """Print the changes since the old comparison. Return True if a result has become worse."""
    from gateways.compare.judge.against import changes, differences

    found = changes(record, old)
    if not found:
        raise Failure("the two comparisons have no contender and scenario in common")
    out.print()
    for difference in differences(record, old):
        out.print(f"other difference: {difference}", markup=False)
    for change in found:
        out.print(f"{'worse: ' if change.regression else ''}{change.what}", style="red" if change.regression else None)
    return any(change.regression for change in found)


def read(file: Path) -> Record:
    from gateways.compare.record import Record
    from gateways.compare.show.page import data_of

    try:
        return Record.from_json(json.loads(data_of(file.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}; give a file that --json or --html has written") from error
    except ValueError as error:
        raise Failure(f"{file} cannot be used: {error}") from error


def must_be_comparable(old: Record, target: str, requests: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
    """Raise an error if the file of `--against` has a different app or different requests.

    requests: for each scenario name, a summary of the new requests, and their labels if there are several.

    Raises:
        UsageError: the targets differ, or the requests of a common scenario differ; the text names the difference.
    """
    if not old.remote and old.target != target:
        raise click.UsageError(
            f"--against needs the same app; the file has {old.target!r}, and this run has {target!r}."
        )
    for question in old.questions:
        parts = {f"{each.label} × {each.weight:g}" for each in question.parts}
        new, labels = requests.get(question.name, (question.request, ()))
        missing = sorted(parts - set(labels))
        if new == question.request and missing and labels:
            raise click.UsageError(
                f"--against needs the same requests; the file has {missing[0]!r}, which this run does not send."
            )
        if new != question.request:
            raise click.UsageError(
                f"--against needs the same requests; in the file, {question.name} is {question.request!r}, "
                f"and now it is {new!r}."
            )


def must_be_writable(file: Path | None) -> None:
    """Raise Failure if the file cannot be written. Called before the measurement."""
    if file is None or file == Path("-"):
        return
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise Failure(f"{file} cannot be written: {file.parent} is not a writable folder")


def write(file: Path, text: str) -> None:
    if file == Path("-"):
        sys.stdout.write(text)
    else:
        write_whole(file, text)
        click.echo(f"written: {file}", err=True)
