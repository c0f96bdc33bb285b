"""Distribution of the tests among workers. A unit of work is a file, a part of a long file, or all tests that share a
server.

Knows which files take long, and which files share servers (tests/real/conftest.py). The longest units begin first.
Otherwise one worker could still be running a long unit when all other workers have finished.
"""

from collections.abc import Iterable, Mapping, Sequence

from tests.real.asgi_servers import ASGI_SERVERS
from tests.real.wsgi_servers import WSGI_SERVERS

SHARED: Mapping[str, str] = {
    f"tests/real/test_{interface}_{name}.py": interface
    for interface, names in {
        "asgi_on_wsgi": ("disconnect", "fastapi", "frameworks", "mcp", "starlette"),
        "wsgi_on_asgi": ("async_views", "bodies", "frameworks", "leaving", "stalling"),
    }.items()
    for name in names
}
"""Files whose tests run on the same servers. pytest sorts their tests by server, and so each server starts once."""

SERVERS: Mapping[str, Sequence[str]] = {"asgi_on_wsgi": tuple(WSGI_SERVERS), "wsgi_on_asgi": tuple(ASGI_SERVERS)}

PARTS: Mapping[str, int] = {
    "tests/docs/test_pages.py": 5,
    "tests/test_packaging.py": 2,
    "tests/real/test_diff.py": 4,
    "tests/real/native/test_asgi_apps.py": 4,
    "tests/real/native/test_wsgi_apps.py": 3,
    "tests/real/test_event_streams.py": 2,
    "tests/real/test_compare_command.py": 3,
    "tests/real/test_compare.py": 3,
    "tests/adapters/run_cgi/warm/test_idioms.py": 4,
    "tests/real/test_cgi_child_programs.py": 2,
    "tests/real/test_check.py": 3,
    "tests/adapters/run_cgi/test_faults.py": 2,
    "tests/benchmarks/test_ledger.py": 1,
    "tests/real/test_serve.py": 3,
    "tests/real/test_cgi_host.py": 4,
    "tests/real/test_trace.py": 2,
    "tests/adapters/run_cgi/test_clauses.py": 2,
    "tests/adapters/run_cgi/test_endings.py": 1,
    "tests/demos/test_replacing.py": 1,
    "tests/gateways/diff/test_planted.py": 1,
    "tests/soak/test_servers.py": 1,
    "tests/demos/test_shared_hosting.py": 1,
    "tests/real/test_asgi_on_wsgi_draining.py": 2,
    "tests/adapters/wsgi_to_asgi/test_leftovers.py": 2,
    "tests/real/test_cgi_git.py": 2,
    "tests/adapters/run_cgi/warm/test_faults.py": 2,
    "tests/adapters/run_cgi/warm/test_interpreters.py": 2,
    "tests/gateways/compare/measure/test_running.py": 2,
    "tests/real/test_demo.py": 2,
    "tests/real/test_demo_page.py": 1,
    "tests/real/test_compare_pages.py": 1,
    "tests/real/test_compare_locust.py": 1,
    "tests/real/test_cgi_child_rewriting.py": 1,
    "tests/adapters/run_cgi/test_options.py": 1,
    "tests/adapters/run_cgi/warm/test_libraries.py": 1,
    "tests/adapters/on_cgi/test_request.py": 1,
    "tests/adapters/run_cgi/test_stats.py": 1,
    "tests/adapters/run_cgi/test_reaper.py": 1,
    "tests/adapters/wsgi_to_asgi/test_unread.py": 1,
    "tests/adapters/wsgi_to_asgi/test_frameworks.py": 1,
    "tests/adapters/asgi_to_cgi/test_asgi.py": 1,
    "tests/test_work.py": 1,
    "tests/real/test_websockets_asgi_on_wsgi.py": 1,
    "tests/demos/test_django_site.py": 1,
    "tests/gateways/compare/load/test_work.py": 1,
    "tests/real/test_parity.py": 1,
    "tests/real/test_deploy.py": 1,
    "tests/real/test_own_adapters.py": 1,
    "tests/adapters/asgi_to_wsgi/test_exit.py": 1,
    "tests/test_architecture.py": 1,
    "tests/gateways/test_cli.py": 1,
}
"""Files that take long, the longest first, and the number of parts that they are divided into."""

REAL = ("tests/real/", "tests/demos/", "tests/soak/", "tests/benchmarks/")
"""Folders whose tests start servers and programs: few tests take long, and so they begin before the pure ones."""


def units(tests: Iterable[str], parts: Mapping[str, int] = PARTS) -> dict[str, list[str]]:
    """Return the units of work in the order in which they begin, each with its tests in the order in which they run.

    The tests of a part are neighbours in their file. They often share fixtures, which are then created only once.
    """
    shared: dict[str, list[str]] = {}
    files: dict[str, list[str]] = {}
    for test in tests:
        server = _server(test)
        (shared if server else files).setdefault(server or _file(test), []).append(test)
    rest = sorted(files.keys() - parts.keys(), key=lambda file: (not file.startswith(REAL), -len(files[file]), file))
    order = [*parts, *rest]
    for file in order:
        own, number = files.get(file, []), parts.get(file, 1)
        for part in range(number):
            if some := own[part * len(own) // number : (part + 1) * len(own) // number]:
                shared[f"{file} {part + 1}/{number}"] = some
    return shared


def _file(test: str) -> str:
    return test.split("::", 1)[0]


def _server(test: str) -> str:
    """Return the server that a test shares with tests of other files; "" if it shares none."""
    interface = SHARED.get(_file(test), "")
    values = test.partition("[")[2].rstrip("]")
    named = [name for name in SERVERS.get(interface, ()) if f"{values}-".startswith(f"{name}-")]
    return f"{interface} {max(named, key=len)}" if named else ""
