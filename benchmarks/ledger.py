"""`python -m benchmarks.ledger`: the cost of one request in counts, which are the same on a busy machine.

The counts are Python calls, context switches, system calls and instructions per request, for each adapter and for a
thread switch alone. Each count is the difference of two runs with different numbers of requests, and so does not
include start and exit. Knows the contenders and the counters (strace, perf, callgrind). It must not know how an adapter
works.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import floors, shares
from .rounds import machine

FEW, MANY = 500, 2500  # numbers of requests in the two runs
INSTRUCTIONS = (  # commands that count the instructions of another command, and the pattern of the count in the report
    (("perf", "stat", "-x,", "-e", "instructions:u"), re.compile(r"^(\d+),,instructions", re.MULTILINE)),
    (("valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"), re.compile(r"Collected : (\d+)")),
)
WAKING = ("futex", "write", "sendto", "eventfd")  # system calls that can wake a thread or a loop

HEADING = """# The ledger: one request in counts

Generated on {date} by `make bench-ledger`.

This page counts the steps of one request. These counts do not depend on the speed of the machine. Two tables show CPU
times instead, which depend on the machine.

- Python calls: calls to Python functions, in all threads (`sys.setprofile`).
- Context switches: `getrusage`.
- System calls: `strace -f -c`. Some system calls can wake another thread. All threads run on one CPU, because on two
  CPUs the waits for the GIL depend on chance.
- Instructions: user-space instructions (`perf stat`, or callgrind). A dash means that neither tool was available.

"Thread switch alone" calls an empty function with `run_in_executor` or `run_coroutine_threadsafe`. Each count is
computed from the difference between a run of {few} requests and a run of {many} requests.

`tests/benchmarks/test_ledger.py` fails if one request at a time needs more Python calls or system calls than a fixed
maximum.

{machine}
"""


@dataclass(frozen=True)
class Contender:
    """A row of the table: its direction, its name, and the function that creates its app."""

    direction: str
    name: str
    make: Callable[[], Any]


def _ours_on_asgi() -> Any:
    from gateways.adapters import WSGIToASGI

    from .in_process import wsgi_hello

    return WSGIToASGI(wsgi_hello)


def _a2wsgi_on_asgi() -> Any:
    from a2wsgi import WSGIMiddleware

    from .in_process import wsgi_hello

    return WSGIMiddleware(wsgi_hello)  # type: ignore[arg-type]


def _bare_on_asgi() -> Any:
    from .in_process import run_in_executor

    return run_in_executor


def _ours_on_wsgi() -> Any:
    from gateways.adapters import ASGIToWSGI

    from .in_process import asgi_hello

    return ASGIToWSGI(asgi_hello)


def _a2wsgi_on_wsgi() -> Any:
    from a2wsgi import ASGIMiddleware

    from .in_process import asgi_hello

    return ASGIMiddleware(asgi_hello)


def _bare_on_wsgi() -> Any:
    import asyncio

    from .in_process import run_coroutine_threadsafe

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return run_coroutine_threadsafe(loop)


CONTENDERS = (
    Contender("WSGI on ASGI", "ours", _ours_on_asgi),
    Contender("WSGI on ASGI", "a2wsgi", _a2wsgi_on_asgi),
    Contender("WSGI on ASGI", "thread switch alone", _bare_on_asgi),
    Contender("ASGI on WSGI", "ours", _ours_on_wsgi),
    Contender("ASGI on WSGI", "a2wsgi", _a2wsgi_on_wsgi),
    Contender("ASGI on WSGI", "thread switch alone", _bare_on_wsgi),
)


def work(contender: Contender, clients: int, requests: int, *, profiled: bool) -> dict[str, float]:
    """Send the requests, in the process of a run. Return their counts."""
    from .in_process import asgi_measure, wsgi_measure

    measure_of = asgi_measure if contender.direction == "WSGI on ASGI" else wsgi_measure
    app = contender.make()
    calls = [0]

    def count(frame: object, event: str, argument: object) -> None:
        calls[0] += event == "call"

    if profiled:
        threading.setprofile(count)
        sys.setprofile(count)
    measure_of(app, clients, clients * 2)()  # do all one-time work before the counting starts
    before, begun = resource.getrusage(resource.RUSAGE_SELF), calls[0]
    measure_of(app, clients, requests)()
    after = resource.getrusage(resource.RUSAGE_SELF)
    calls_made = calls[0] - begun
    sys.setprofile(None)
    threading.setprofile(None)
    switches = after.ru_nvcsw - before.ru_nvcsw + after.ru_nivcsw - before.ru_nivcsw
    return {"calls": calls_made, "switches": switches}


def counted(
    number: int, clients: int, requests: int, *counter: str, profiled: bool = False
) -> tuple[dict[str, float], str]:
    """Run a contender in a separate process under `counter`.

    Returns the counts of the process itself, and the counter's report.
    """
    command = [
        *counter,
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.ledger",
        str(number),
        str(clients),
        str(requests),
    ]
    done = subprocess.run(
        [*command, "profiled" if profiled else "plain"], capture_output=True, text=True, timeout=300, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures, done.stderr


def slope(few: float, many: float, clients: int) -> float:
    """Return counts per request from the counts of two runs. In a run, all clients send the same number of requests."""
    return (many - few) / (MANY // clients * clients - FEW // clients * clients)


def system_calls(number: int, clients: int) -> dict[str, float]:
    """Return system calls per request, by name. Raises FileNotFoundError if strace is not installed."""
    tables = []
    for requests in (FEW, MANY):
        _, report = counted(number, clients, requests, "strace", "-f", "-c", "-U", "name,calls")
        tables.append({name: int(calls) for name, calls in re.findall(r"^\s*(\w+)\s+(\d+)$", report, re.MULTILINE)})
    few, many = tables
    return {name: slope(few.get(name, 0), many[name], clients) for name in many if name != "total"}


def instructions(number: int, clients: int) -> float | None:
    """Return user-space instructions per request; None if they cannot be counted."""
    for command, pattern in INSTRUCTIONS:
        found = [_instructions(number, clients, requests, command, pattern) for requests in (FEW, MANY)]
        if found[0] is not None and found[1] is not None:
            return slope(found[0], found[1], clients)
    return None


def _instructions(
    number: int, clients: int, requests: int, command: tuple[str, ...], pattern: re.Pattern[str]
) -> int | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        _, report = counted(number, clients, requests, *command)
    except subprocess.CalledProcessError:
        return None
    match = pattern.search(report)
    return int(match[1]) if match else None


def row(number: int, clients: int) -> str:
    """Return the contender's row of the table."""
    runs = [counted(number, clients, requests, profiled=True)[0] for requests in (FEW, MANY)]
    plain = [counted(number, clients, requests)[0] for requests in (FEW, MANY)]
    calls = slope(runs[0]["calls"], runs[1]["calls"], clients)
    switches = slope(plain[0]["switches"], plain[1]["switches"], clients)
    by_name = system_calls(number, clients)
    waking = sum(by_name.get(name, 0) for name in WAKING)
    executed = instructions(number, clients)
    shown = "–" if executed is None else f"{executed:,.0f}"
    total = sum(by_name.values())
    counts = f"{calls:.1f} | {switches:.2f} | {total:.2f} | {waking:.2f}"
    return f"| {CONTENDERS[number].name} | {clients} | {counts} | {shown} |"


def report() -> str:
    """Return the page."""
    parts = [HEADING.format(date=datetime.now(UTC).date(), few=FEW, many=MANY, machine=machine("a2wsgi"))]
    for direction, at_once in (("WSGI on ASGI", (1, 32)), ("ASGI on WSGI", (1, 8))):
        parts += [
            f"**{direction}, hello in process**\n",
            "| | at once | Python calls | context switches | system calls | of these, can wake | instructions |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *(row(n, clients) for clients in at_once for n, c in enumerate(CONTENDERS) if c.direction == direction),
            "",
        ]
    return "\n".join([*parts, shares.report(), floors.report()])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) == 5:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # on two CPUs, waits for the GIL depend on chance
        which, at_once, wanted, how = sys.argv[1:]
        print(
            json.dumps(work(CONTENDERS[int(which)], int(at_once), int(wanted), profiled=how == "profiled")), flush=True
        )
        os._exit(0)  # without this, loops and pools of the other adapters keep the process alive
    if shutil.which("strace") is None:
        sys.exit("benchmarks.ledger: strace is required to count system calls (Debian: strace)")
    os.chdir(Path(__file__).parent.parent)
    print(report())
