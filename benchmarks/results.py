"""Generate docs/results.md: comparisons of the reference app, and common claims with the figures.

`make results` measures for about ten minutes. The machine must be idle otherwise. It stores the records in
.cache/results. `python -m benchmarks.results --again` regenerates the page from these records. `--short` is a quick
trial.
"""

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.claims import (
    A2WSGI,
    ASGIREF,
    COLD,
    FOUR,
    GTHREAD,
    LOOP,
    LOOP_BEHIND_THREADS,
    LOOP_OF_RUST,
    MANY,
    OURS,
    SOCKETS_BEHIND_THREADS,
    SOCKETS_OF_WSGI,
    WARM,
    claims,
)
from gateways.compare.judge.analysis import Section, sections
from gateways.compare.judge.doubts import doubts
from gateways.compare.measure.run import Plan, compare
from gateways.compare.plan.contender import contenders
from gateways.compare.plan.effort import EFFORTS, Effort
from gateways.compare.plan.scenarios import SCENARIOS
from gateways.compare.plan.target import reference
from gateways.compare.record import Record
from gateways.compare.show.export import command_lines, files_of, grid
from gateways.compare.show.screen import Screen, console
from gateways.compare.show.table import table
from gateways.failure import Failure

KEPT = Path(".cache/results")


@dataclass(frozen=True)
class Part:
    """A comparison: some scenarios, and the contenders to compare in these scenarios."""

    scenarios: tuple[str, ...]
    contenders: tuple[str, ...]

    @property
    def file(self) -> Path:
        return KEPT / f"{'-'.join(self.scenarios)}.json"

    def plan(self, effort: Effort, seed: int) -> Plan:
        known = {each.id: each for each in contenders(None, servers=["all"], adapters=["all"])}
        chosen = tuple(known[name] for name in self.contenders)
        return Plan(reference(), chosen, tuple(SCENARIOS[name] for name in self.scenarios), effort, seed)


H11 = "asgi:uvicorn-h11"
A2WSGI_BEHIND_THREADS = "asgi-on-wsgi:waitress:a2wsgi"
NATIVE = (LOOP, H11, LOOP_OF_RUST, FOUR, GTHREAD, MANY)
ADAPTED = (OURS, A2WSGI, ASGIREF, LOOP_BEHIND_THREADS, A2WSGI_BEHIND_THREADS)

PARTS = (
    Part(("hello",), (*NATIVE, *ADAPTED, COLD, WARM)),
    Part(("cpu",), (LOOP, FOUR, MANY, OURS, LOOP_BEHIND_THREADS)),
    Part(("wait",), (LOOP, FOUR, GTHREAD, MANY, *ADAPTED, COLD, WARM)),
    Part(("blocking",), (LOOP, FOUR, OURS, LOOP_BEHIND_THREADS, COLD)),
    Part(("stream", "idle"), (LOOP, FOUR, GTHREAD, MANY, OURS, LOOP_BEHIND_THREADS, COLD)),
    Part(("websocket",), (LOOP, LOOP_OF_RUST, *SOCKETS_BEHIND_THREADS, *SOCKETS_OF_WSGI)),
    Part(("slow-readers",), (LOOP, FOUR, GTHREAD, OURS, LOOP_BEHIND_THREADS)),
)


def measure(parts: Sequence[Part], effort: Effort, *, force: bool = False) -> None:
    """Run the comparisons, and save their records. Raises KeyboardInterrupt if a comparison is interrupted."""
    KEPT.mkdir(parents=True, exist_ok=True)
    seed = secrets.randbelow(2**32)
    for part in parts:
        plan = part.plan(effort, seed)
        with Screen(console(to_stderr=True), plan.seconds, part.file) as screen:
            record = compare(replace(plan, force=force), [], screen)
        if record.interrupted:
            raise KeyboardInterrupt


def page(records: Sequence[Record]) -> str:
    """Return the page for these records."""
    found = [sections(record) for record in records]
    return (
        "\n\n".join(
            [
                "# Common claims about CGI, WSGI and ASGI, measured",
                _method(records[0]),
                "## Common claims",  # docs/choosing.md also shows this section
                _claims(found),
                "## Figures",
                *(_figures(section) for each in found for section in each),
                "## Doubts",
                _doubts(records, found),
                "## The command of each contender",
                _commands(records),
            ]
        )
        + "\n"
    )


def _claims(found: Sequence[Sequence[Section]]) -> str:
    lines = ["| claim | verdict | measurements |", "|---|---|---|"]
    judged = claims([section for part in found for section in part])
    rows = (f"| {each.said} | **{each.verdict}**{', ' * bool(each.once)}{each.once} | {each.seen} |" for each in judged)
    return "\n".join([*lines, *rows])


def _method(record: Record) -> str:
    machine, placement = record.machine, record.placement
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    where = ", one for the server and one for the client," if placement.bound and placement.apart else ","
    return (
        f"Generated on {record.created[:10]} by `make results`, with `gateways compare`. "
        "[Comparing under load](compare.md) explains the method, the scenarios, the columns and the doubts.\n\n"
        f"{machine.cpu}, {machine.cores} cores{where} {machine.system}, {machine.python}; {packages}; "
        f"seed {record.seed}.\n\n"
        "Every server runs the reference app with default settings, on loopback, with one worker process, without TLS "
        "and without a proxy. In `hello`, `cpu` and `websocket`, the contenders took turns in short slices, in "
        f"{record.options['rounds']} rounds of each of {record.options['starts']} starts. In the other scenarios, each "
        "contender ran once. A single run shows only orders of magnitude, so no difference below a factor of two is "
        "reported. Verdicts are computed from the figures, and use only the differences that the tables report. A "
        'claim is "conditional" if it is true in some cases only. "Measured once" means that all figures come '
        'from single runs. "Partly measured once" means that some figures come from single runs.\n\n'
        "The name of a contender has a mode, a server and an adapter. The number after the dot is the number of "
        "threads that run the app. For example, `wsgi-on-asgi uvicorn ours·32` is a WSGI app on uvicorn with this "
        "project's adapter and 32 threads."
    )


def _figures(section: Section) -> str:
    shown = table(section)
    return f"### {shown.title}\n\n{shown.note}\n\n{grid(shown.columns, [line.cells for line in shown.lines])}"


def _doubts(records: Sequence[Record], found: Sequence[Sequence[Section]]) -> str:
    pairs = zip(records, found, strict=True)
    lines = [f"- **{doubt.name}**: {doubt.what}." for record, part in pairs for doubt in doubts(record, part)]
    return "\n".join(dict.fromkeys(lines)) or "None."


def _commands(records: Sequence[Record]) -> str:
    lines = dict.fromkeys(line for record in records for line in command_lines(record))
    files = dict.fromkeys(text for record in records for text in files_of(record))
    return "\n\n".join(["\n".join(["```text", *lines, "```"]), *files])


def main(arguments: Sequence[str]) -> int:
    """Print the page. Measure first, unless --again is given."""
    if unknown := set(arguments) - {"--short", "--again", "--force"}:
        print(f"unknown option {unknown.pop()}; choose from --short, --again and --force", file=sys.stderr)
        return 2
    try:
        if "--again" not in arguments:
            measure(PARTS, EFFORTS["quick" if "--short" in arguments else "usual"], force="--force" in arguments)
        records = [Record.from_json(json.loads(part.file.read_text(encoding="utf-8"))) for part in PARTS]
    except KeyboardInterrupt:
        return 130
    except (Failure, OSError) as failure:
        print(f"results: {failure}", file=sys.stderr)
        return 1
    sys.stdout.write(page(records))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
