"""Find the reasons to doubt the figures of a comparison; their texts are in `reasons`. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateways.compare.judge import limits
from gateways.compare.judge.analysis import Section
from gateways.compare.judge.figures import Figures, Latency, foreign
from gateways.compare.judge.pairing import FEW
from gateways.compare.judge.reasons import REASONS
from gateways.compare.judge.words import duration, interval, megabytes, share, times, together
from gateways.compare.question import Question
from gateways.compare.record import Record

FOREIGN = 0.15
"""Figures are doubtful if other programs keep more cores busy than this number."""
FLOOR = 0.05
"""Figures are doubtful if the noise floor is larger than this share."""
LAG = 0.1
"""Latencies are doubtful if the lag of the load client is larger than this share of the 99th percentile."""
SLACK = 0.05
"""Figures are doubtful if they deviate from Little's law by more than this share."""
GROWTH = 20_000_000
INSTALL = "install it with: "
"""Text before the install command, in the reason why a contender with missing packages is excluded."""
NOT_INSTALLED = " not installed"
"""Text after the names of the missing packages, in the same reason."""
APART = 0.025
"""Figures are doubtful if the clients start at times that differ by more seconds than this, a tenth of a slice."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to doubt a figure. name: its key in `reasons`. what: the observation. remedy: a suggestion."""

    name: str
    what: str
    remedy: str


Seen = tuple[str, str]
"""The name of a reason, and the place where it applies."""


def doubts(record: Record, sections: Sequence[Section]) -> list[Doubt]:
    """Return one doubt for each reason that applies. The doubt names all places where it applies."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, of in [*_of_machine(record), *_of_run(record)]:
        found.setdefault(name, {}).setdefault("", []).append(of)
    for section in sections:
        for name, of in _of_section(section):
            found.setdefault(name, {}).setdefault(section.question.name, []).append(of)
    return [_said(name, found[name], _remedy(name, record)) for name in REASONS if name in found]


def _remedy(name: str, record: Record) -> str:
    """Return the remedy with details of this comparison: the folder of the logs, the command that installs packages."""
    remedy, logs = REASONS[name][1], record.options.get("logs")
    if logs and name in {"left-out", "errors", "retried"}:
        return f"{remedy} ({logs})"
    if name == "not-installed":
        commands = (each.why.partition(INSTALL)[2] for each in record.exclusions if NOT_INSTALLED in each.why)
        return next(filter(None, commands), remedy)
    return remedy


def _said(name: str, by_scenario: dict[str, list[str]], remedy: str) -> Doubt:
    meaning = REASONS[name][0]
    parts = []
    for scenario, of in by_scenario.items():
        listed = together([each for each in of if each])
        parts.append(": ".join(filter(None, [scenario and f"scenario {scenario}", listed])))
    return Doubt(name, ": ".join(filter(None, [meaning, "; ".join(parts)])), remedy)


def _of_machine(record: Record) -> Iterator[Seen]:
    machine, placement = record.machine, record.placement
    if not placement.apart:
        yield "one-core", ""
    elif not placement.bound and not record.remote:
        yield "not-bound", machine.system.split()[0]
    most = max((each.workers for each in record.entrants), default=1)
    if placement.bound and most > len(placement.server):
        cores = len(placement.server)
        yield "few-cores", f"{most} worker processes on {cores} core{'s' if cores > 1 else ''}"
    for entrant in record.entrants:
        if entrant.mode == "url" and not entrant.twin_of:
            yield "not-seen", f"{entrant.label} ({entrant.server})"
    if machine.foreign is not None and machine.foreign > FOREIGN:
        yield "busy-machine", f"{machine.foreign:.1f}"
    if machine.steal is not None and machine.steal > 0.01:
        yield "stolen-time", share(machine.steal)
    if machine.governor in {"powersave", "schedutil", "ondemand", "conservative"}:
        yield "changing-clock", f"its governor is {machine.governor}"
    if machine.quota.split()[:1] not in ([], ["-1"], ["max"]):
        yield "quota", f"{machine.quota} (µs, of each period)"


def _of_run(record: Record) -> Iterator[Seen]:
    if record.interrupted:
        yield "interrupted", ""
    disturbed = sum((foreign(cell) or 0) > FOREIGN * cell.measured.window for cell in record.cells)
    if disturbed > len(record.cells) / 10:
        yield "disturbed", f"more than {FOREIGN} cores in {share(disturbed / len(record.cells))} of the slices"
    for line in record.options.get("not_replayed", ()):
        yield "not-replayed", line
    apart = record.options.get("apart", 0.0)
    if apart > APART:
        yield "apart", f"90th percentile {duration(apart)}"
    packages = [each.why.partition(NOT_INSTALLED)[0] for each in record.exclusions if NOT_INSTALLED in each.why]
    for package in dict.fromkeys(package for some in packages for package in some.split(" and ")):
        yield "not-installed", package


def _of_section(section: Section) -> Iterator[Seen]:
    for each in section.out:
        if NOT_INSTALLED not in each.why:
            yield "left-out", f"{each.contender}: {each.why}"
    twins = section.twins
    if twins is not None and max(twins.high, 1 / twins.low) > 1 + FLOOR:
        yield "noise", f"by a factor of {interval(twins) or times(twins.value)}"
    for of in _varying(section.question):
        yield "varying", of
    for of in section.question.left_out:
        yield "requests-left-out", of
    if section.discarded:
        yield "clock", str(section.discarded)
    repeated = any(row.ratio and interval(row.ratio) for row in section.rows)
    if section.headline == "rate" and len(section.rows) > 1 and not repeated and not section.failed:
        yield "one-run", ""
    for row in section.rows:
        yield from _of_figures(section, row.figures)
        for latency in row.figures.latencies:
            yield from _of_latency(row.figures, latency)


def _varying(question: Question) -> Iterator[str]:
    """Yield the label of each request whose responses vary, and the part of the response that is verified."""
    labels = [each.label for each in question.parts] or [""]
    for label, answer in zip(labels, question.answers, strict=False):
        if answer.sha256 is None:
            only = "status" if answer.length is None else "status and length"
            what = "the parts of the body that stay the same" if answer.fixed is not None else f"only the {only}"
            if answer.fixed is not None and answer.length is not None:
                what = "the order varies: the length, the beginning and the end of the body"
            yield f"{label} ({what})" if label else what


def _of_figures(section: Section, figures: Figures) -> Iterator[Seen]:
    label = figures.entrant.label
    # In these scenarios, requests without a response are a result, which the table shows. They are no reason for doubt.
    expected = {"timeout", "not sent"} if section.headline == "room" else set()
    if set(figures.failed) - expected:
        kinds = ", ".join(f"{kind} × {count:,}" for kind, count in sorted(figures.failed.items()))
        example = f"; for example: {figures.examples[0]}" if figures.examples else ""
        yield "errors", f"{share(figures.lost_share)} of the requests to {label} ({kinds}{example}{_raised(figures)})"
    if figures.retried:
        yield "retried", f"{share(figures.retried_share)} of the requests to {label}{_raised(figures)}"
    if section.quick and figures.answered and figures.per_slice < FEW:
        yield "few-answers", f"{label} ({figures.per_slice:.0f} in each)"
    if figures.little is not None and abs(figures.little) > SLACK:
        yield "littles-law", f"{label} by {share(abs(figures.little))}"
    before, _, after = figures.memory
    if section.quick and after - before > GROWTH and after > 1.5 * before:
        yield "growth", f"{label} from {megabytes(before)} to {megabytes(after)}"
    if not section.question.behind and limits.of_client(figures, section.ceilings.get(figures.entrant.id)):
        yield "client-limited", label
    if section.quick and not figures.failures and figures.reconnects > figures.answered / 2:
        yield "no-keep-alive", label


def _raised(figures: Figures) -> str:
    """Return the most frequent exceptions in the server's log."""
    most = together([f"{line} × {count:,}" for line, count in list(figures.raised.items())[:2]])
    return f"; exceptions in its log: {most}" if most else ""


def _of_latency(figures: Figures, latency: Latency) -> Iterator[Seen]:
    label, p99 = figures.entrant.label, latency.answer.p99
    if p99 is None:
        if figures.entrant.mode != "cgi":  # a CGI program is too slow to ever give enough samples
            yield "few-samples", f"{label} ({latency.samples})"
    elif latency.lag is not None and not math.isinf(p99) and latency.lag > LAG * p99:
        yield "client-lag", f"{label} ({duration(latency.lag)} of {duration(p99)})"
