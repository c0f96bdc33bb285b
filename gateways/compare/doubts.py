"""Every reason to doubt a figure, by name, with what to try. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateways.compare import limits
from gateways.compare.analysis import Section
from gateways.compare.figures import Latency, Row, foreign
from gateways.compare.record import Record
from gateways.compare.words import duration, interval, megabytes, share, together

FOREIGN = 0.15
"""Cores that others may keep busy before it is said."""
FLOOR = 0.05
"""The share that two identical servers may seem to differ by before it is said."""
LAG = 0.1
"""The share of the 99th percentile that the client's own lag may make up before it is said."""
SLACK = 0.05
"""How far Little's law may be missed before it is said."""
GROWTH = 20_000_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """`name` is for searching, `what` says what was seen, `remedy` what to try."""

    name: str
    what: str
    remedy: str


def doubts(record: Record, sections: Sequence[Section]) -> list[Doubt]:
    """All that there are, those about everything first; of one name only one, which says of what it is true."""
    found: dict[str, Doubt] = {}
    every = [*_of_machine(record), *_of_run(record), *(doubt for section in sections for doubt in _of_section(section))]
    for doubt in every:
        said = f"{found[doubt.name].what}; {doubt.what}" if doubt.name in found else doubt.what
        found[doubt.name] = Doubt(doubt.name, said, doubt.remedy)
    return list(found.values())


def _of_machine(record: Record) -> Iterator[Doubt]:
    machine, placement = record.machine, record.placement
    if not placement.apart:
        yield Doubt(
            "one-core",
            "client and server share the only core, so each slows the other, and no latency is claimed",
            "measure on a machine with two cores or more",
        )
    elif not placement.bound:
        yield Doubt(
            "not-bound",
            f"{machine.system.split()[0]} does not bind processes to cores, so the system moves them about",
            "measure on Linux; here, trust large differences only",
        )
    if machine.foreign is not None and machine.foreign > FOREIGN:
        yield Doubt(
            "busy-machine",
            f"other programs kept {machine.foreign:.1f} of {machine.cores} cores busy before the beginning",
            "end them and compare again; ratios suffer less than rates, and CPU an answer least",
        )
    if machine.steal is not None and machine.steal > 0.01:
        yield Doubt(
            "stolen-time",
            f"the hypervisor gave {share(machine.steal)} of the time to others",
            "use a machine of your own",
        )
    if machine.governor in {"powersave", "schedutil", "ondemand", "conservative"}:
        yield Doubt(
            "changing-clock",
            f"the CPU's governor is {machine.governor}, so its speed follows the load",
            "cpupower frequency-set --governor performance",
        )
    if machine.quota.split()[:1] not in ([], ["-1"], ["max"]):
        yield Doubt("quota", f"the control group may use {machine.quota} (µs, of each period) of CPU", "lift the limit")


def _of_run(record: Record) -> Iterator[Doubt]:
    if record.interrupted:
        yield Doubt("interrupted", "it was interrupted: what there is rests on fewer slices", "let it run to its end")
    disturbed = sum((foreign(cell) or 0) > FOREIGN * cell.measured.window for cell in record.cells)
    if disturbed > len(record.cells) / 10:
        yield Doubt(
            "disturbed",
            f"in {share(disturbed / len(record.cells))} of the slices other programs took more than {FOREIGN} cores",
            "end them; how much it matters, the intervals and the noise floor tell",
        )
    absent = [each.contender for each in record.exclusions if "not installed" in each.why]
    if absent:
        yield Doubt("not-installed", f"not compared: {together(absent)}", "pip install 'gateways[compare]'")


def _of_section(section: Section) -> Iterator[Doubt]:
    name = section.question.name
    for each in section.out:
        if "not installed" not in each.why:
            yield Doubt("left-out", f"{name}: {each.contender}: {each.why}", "gateways trace shows what it does")
    twins = section.twins
    if twins is not None and max(twins.high, 1 / twins.low) > 1 + FLOOR:
        what = f"{name}: the same server twice is measured as {interval(twins)} times itself"
        yield Doubt(
            "noise", what, "believe large differences only; end other programs, or take more rounds: --thorough"
        )
    answer = section.question.answer
    if answer is not None and answer.sha256 is None:
        verified = "status is" if answer.length is None else "status and length are"
        what = f"{name}: answers differ from one to the next, so only their {verified} verified"
        yield Doubt("varying", what, "choose a --path that always answers the same")
    if section.discarded:
        what = f"{name}: {section.discarded} slices are left out: the clock was set"
        yield Doubt("clock", what, "let nothing set it meanwhile")
    repeated = any(row.ratio and interval(row.ratio) for row in section.rows)
    if section.headline == "rate" and section.rows and not section.quick and not repeated:
        yield Doubt("one-run", f"{name}: one run of each: compare orders of magnitude", "--thorough")
    for row in section.rows:
        yield from _of_row(section, row)
    yield from _of_all(section, name)


def _of_row(section: Section, row: Row) -> Iterator[Doubt]:
    figures = row.figures
    who = f"{section.question.name}: {figures.entrant.label}"
    if figures.failures:
        kinds = ", ".join(f"{kind} × {count:,}" for kind, count in sorted(figures.failed.items()))
        example = f" ({figures.examples[0]})" if figures.examples else ""
        what = f"{who} loses {share(figures.lost_share)} of its answers: {kinds}{example}"
        yield Doubt("errors", what, "they do not count as throughput; its log may say why")
    if figures.little is not None and abs(figures.little) > SLACK:
        what = f"{who}: rate × time misses the number of clients by {share(abs(figures.little))}"
        yield Doubt("littles-law", what, "the client was kept from its work: end other programs")
    before, _, after = figures.memory
    if section.quick and after - before > GROWTH and after > 1.5 * before:
        what = f"{who} grew from {megabytes(before)} to {megabytes(after)} under load, and kept it"
        yield Doubt("growth", what, "if it grows with every run, it is a leak")


def _of_all(section: Section, name: str) -> Iterator[Doubt]:
    """What is often true of several contenders at a time."""
    limited = [
        row.figures.entrant.label
        for row in section.rows
        if not section.question.behind and limits.of_client(row.figures, section.ceilings.get(row.figures.entrant.id))
    ]
    if limited:
        what = f"{name}: {together(limited)} may do more: the client had no more to give"
        yield Doubt("client-limited", what, "a faster core for the client, or an app that does more")
    closing = [
        row.figures.entrant.label
        for row in section.rows
        if section.quick and not row.figures.failures and row.figures.reconnects > row.figures.answered / 2
    ]
    if closing:
        what = f"{name}: the connection is closed after each answer: {together(closing)}"
        yield Doubt(
            "no-keep-alive", what, "connecting is in the figures; a proxy in front of it would pay for that, too"
        )
    latencies = [(row.figures.entrant.label, latency) for row in section.rows for latency in row.figures.latencies]
    few = [f"{label} ({latency.samples})" for label, latency in latencies if latency.answer.p99 is None]
    if few:
        what = f"{name}: too few samples for a 99th percentile: {together(few)}"
        yield Doubt("few-samples", what, "--thorough")
    late = [
        f"{label} ({duration(latency.lag)} of {duration(latency.answer.p99)})"
        for label, latency in latencies
        if _late(latency)
    ]
    if late:
        what = f"{name}: the client itself was late, at the 99th percentile of {together(late)}"
        yield Doubt("client-lag", what, "end other programs; believe the medians")


def _late(latency: Latency) -> bool:
    p99 = latency.answer.p99
    return p99 is not None and latency.lag is not None and not math.isinf(p99) and latency.lag > LAG * p99
