"""The tables of docs/websocket.md, from a run of all checks: `python -m tests.real.websocket_table` writes them
(minutes).

Knows the page's markers. The tests have the same failing checks in their own tables, and test_websocket_table.py
compares the page with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.real.serving import ROOT, Running, serve
from tests.real.test_event_streams import CHECKS as STREAMS
from tests.real.test_event_streams import app_for
from tests.real.test_websockets_wsgi_on_asgi import FLASK, SERVERS
from tests.real.websocket_checks import CHECKS, EARLY
from tests.real.websocket_servers import CARRYING, serving

PAGE = ROOT / "docs" / "websocket.md"
_MARKED = r"(<!-- checks: {} -->\n).*?(<!-- end -->\n)"


def table(
    title: str, missing: Mapping[str, Iterable[str]], total: int, streams: Mapping[str, Iterable[str]] | None = None
) -> str:
    """Return a row for each server: the number of passed checks, and the failed ones. `streams` has the failed checks
    of detached event streams, for another column.
    """
    rows = [f"| {title} | passed | failed checks |", "|---|---|---|"]
    if streams is not None:
        rows = [f"{rows[0]} `detach=True` |", f"{rows[1]}---|"]
    for server, names in missing.items():
        lacking = [name for name in CHECKS if name in names]
        row = f"| {server} | {total - len(lacking)} of {total} | {', '.join(lacking) or 'none'} |"
        rows.append(row if streams is None else f"{row} {_streams(list(streams[server]))} |")
    return "\n".join(rows) + "\n"


def _streams(failed: Sequence[str]) -> str:
    return ", not: ".join([f"{len(STREAMS) - len(failed)} of {len(STREAMS)}", *filter(None, [", ".join(failed)])])


def put(page: str, name: str, text: str) -> str:
    """Return the page with one of its tables replaced."""
    return re.sub(_MARKED.format(name), lambda match: f"{match[1]}\n{text}\n{match[2]}", page, flags=re.DOTALL)


def failing(server: Running, checks: Mapping[str, Callable[[Running], None]]) -> list[str]:
    """Return the checks that fail at least once in three runs."""
    return [name for name, check in checks.items() if not all(_passes(server, check) for _ in range(3))]


def _passes(server: Running, check: Callable[[Running], None]) -> bool:
    try:
        check(server)
    except (AssertionError, OSError):
        return False
    return True


def main() -> None:
    wsgi, streams, asgi = {}, {}, {}
    for name in CARRYING:
        with serving(name) as server:
            wsgi[name] = failing(server, CHECKS)
        with serving(name, app=app_for(name)) as server:
            streams[name] = failing(server, STREAMS)
    checks = {name: check for name, check in CHECKS.items() if name != EARLY}
    for name, (program, *options) in SERVERS.items():
        with serve(FLASK, program, *options) as server:
            asgi[name] = failing(server, checks)
    page = put(PAGE.read_text(), "wsgi", table("WSGI server", wsgi, len(CHECKS), streams))
    PAGE.write_text(put(page, "asgi", table("ASGI server", asgi, len(checks))))


if __name__ == "__main__":
    main()
