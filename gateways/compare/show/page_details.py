"""Write the end of a comparison's page: failures, the machine, versions and commands. Pure."""

from collections.abc import Iterator, Sequence
from html import escape

from gateways.compare.judge.analysis import Section
from gateways.compare.judge.words import of_clients, share
from gateways.compare.record import Entrant, Record
from gateways.compare.show.charts.parts import Numbers, swatch
from gateways.compare.show.export import command_lines, where
from gateways.trace.html import element, facts, section


def failures(sections: Sequence[Section], numbers: Numbers) -> str:
    """Return the lost responses, and the contenders that were not measured, with reasons."""
    items = [each for of in sections for each in [*_lost(of, numbers), *_left_out(of, numbers)]]
    answered = sum(row.figures.answered for of in sections for row in of.rows)
    note = f"{answered:,} responses were verified." + (
        " Lost responses do not count as throughput." if items else " No response was lost."
    )
    return section("Failures", note, element("ul", *items, class_="failures") if items else "", name="failures")


def _lost(of: Section, numbers: Numbers) -> Iterator[str]:
    for figures in (row.figures for row in of.rows if row.figures.failures):
        kinds = ", ".join(f"{kind} × {count:,}" for kind, count in sorted(figures.failed.items()))
        what = f"{of.question.name}, {of_clients(figures.connections)}: {share(figures.lost_share)} lost"
        yield _failure(figures.entrant.label, what, kinds, figures.examples, numbers.get(figures.entrant.id))


def _left_out(of: Section, numbers: Numbers) -> Iterator[str]:
    for each in of.out:
        yield _failure(each.contender, f"{of.question.name}: not measured", each.why, (), numbers.get(each.contender))


def _failure(subject: str, what: str, why: str, examples: Sequence[str], number: int | None) -> str:
    return element(
        "li",
        element("p", element("b", escape(subject)), escape(f" {what}")),
        element("p", escape(why)),
        *(element("p", element("code", escape(each)), class_="note") for each in examples),
        data_series=number,
    )


def made_with(record: Record, numbers: Numbers) -> str:
    """Return the machine, and the commands that run the servers."""
    entrants = [each for each in record.entrants if not each.twin_of]
    commands = [
        element(
            "li",
            element("p", swatch(numbers[entrant.id]), escape(entrant.label)),
            element("pre", escape(line or entrant.server), tabindex=0),
        )
        for entrant, line in zip(entrants, command_lines(record), strict=True)
    ]
    note = (
        "These commands start each server as in this comparison; replace {port} with a port. "
        if any(map(_own, entrants))
        else ""
    )
    if all(map(_own, entrants)) and record.options.get("engine", "own") == "own":
        note += record.setting
    known = facts([(name, value) for name, value in _known(record) if value])
    listed = element("ol", *commands, class_="commands")
    return section("Setup", note, known, listed, _files(record), name="made-with")


def _files(record: Record) -> str:
    """Return the modules and programs that the commands need."""
    files = {name: text for entrant in record.entrants for name, text in entrant.files.items()}
    if not files:
        return ""
    shown = [
        element("details", element("summary", escape(name)), element("pre", escape(text), tabindex=0))
        for name, text in files.items()
    ]
    return element("p", escape(f"{where(record)}:"), class_="note") + "".join(shown)


def _own(entrant: Entrant) -> bool:
    """Return True if the comparison started the server."""
    return bool(entrant.command)


def _known(record: Record) -> list[tuple[str, str]]:
    machine, placement = record.machine, record.placement
    bound = f"server on {_cores(placement.server)}, client on {_cores(placement.client)}"
    return [
        ("CPU", machine.cpu),
        ("Cores", f"{machine.cores}: {bound if placement.bound else 'processes are not pinned'}"),
        ("Memory", f"{machine.memory / 1e9:.1f} GB"),
        ("System", machine.system),
        ("Python", machine.python),
        ("Governor", machine.governor),
        ("Turbo", machine.turbo),
        ("Quota", "" if machine.quota.startswith(("-1", "max")) else machine.quota),
        ("CPU stolen before start", "" if machine.steal is None else share(machine.steal)),
        ("Busy cores before start", "" if machine.foreign is None else f"{machine.foreign:.2f} cores"),
        ("Measured", f"{record.created} to {record.finished or '(not finished)'}"),
        *((name, _words(value)) for name, value in record.options.items()),
        ("seed", str(record.seed)),
        ("gateways", record.version),
        *((name, version) for name, version in machine.packages.items() if name != "gateways"),
    ]


def _words(value: object) -> str:
    """Return a JSON value as text."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(_words, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _cores(numbers: Sequence[int]) -> str:
    return f"core{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
