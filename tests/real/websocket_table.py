"""The tables of docs/websocket.md, from a run of all checks: `python -m tests.real.websocket_table` writes them
(minutes).

Knows the page's markers. The tests have the same failing checks in their own tables, and test_websocket_table.py
compares the page with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tests.real.serving import ROOT, Running, serve
from tests.real.test_websockets_wsgi_on_asgi import FLASK, SERVERS
from tests.real.websocket_checks import CHECKS, EARLY
from tests.real.websocket_servers import CARRYING, serving

PAGE = ROOT / "docs" / "websocket.md"
_MARKED = r"(<!-- checks: {} -->\n).*?(<!-- end -->\n)"


def table(title: str, missing: Mapping[str, Iterable[str]], total: int) -> str:
    """Return a row for each server: the number of passed checks, and the failed ones."""
    rows = [f"| {title} | passed | failed checks |", "|---|---|---|"]
    for server, names in missing.items():
        lacking = [name for name in CHECKS if name in names]
        rows.append(f"| {server} | {total - len(lacking)} of {total} | {', '.join(lacking) or 'nothing'} |")
    return "\n".join(rows) + "\n"


def put(page: str, name: str, text: str) -> str:
    """Return the page with one of its tables replaced."""
    return re.sub(_MARKED.format(name), lambda match: f"{match[1]}\n{text}\n{match[2]}", page, flags=re.DOTALL)


def failing(server: Running, names: Iterable[str]) -> list[str]:
    """Return the failing checks."""
    found = []
    for name in names:
        try:
            CHECKS[name](server)
        except (AssertionError, OSError):
            found.append(name)
    return found


def main() -> None:
    wsgi, asgi = {}, {}
    for name in CARRYING:
        with serving(name) as server:
            wsgi[name] = failing(server, CHECKS)
    names = [name for name in CHECKS if name != EARLY]
    for name, (program, *options) in SERVERS.items():
        with serve(FLASK, program, *options) as server:
            asgi[name] = failing(server, names)
    page = put(PAGE.read_text(), "wsgi", table("WSGI server", wsgi, len(CHECKS)))
    PAGE.write_text(put(page, "asgi", table("ASGI server", asgi, len(names))))


if __name__ == "__main__":
    main()
