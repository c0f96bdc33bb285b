"""The bottleneck of a contender, for literal figures."""

from dataclasses import replace
from typing import Any

import pytest

from gateways.compare.judge import limits
from gateways.compare.judge.figures import Figures, figures
from tests.gateways.compare.making import SECOND, UVICORN, WAIT, WAITRESS, cell, entrant, measured

CORE = SECOND // 4


def made(name: str, rate: float, clients: int = 200, **more: Any) -> Figures:
    cells = [cell(name, measured(rate, **more), WAIT, connections=clients)]
    return figures(entrant(name), cells, cells)


@pytest.mark.parametrize(
    ("found", "service", "reached", "limit"),
    [
        (made(WAITRESS, 78), 0.05, None, "threads=4"),
        (made(WAITRESS, 60), 0.05, None, ""),
        (made(WAITRESS, 78, clients=4), 0.05, None, "clients"),  # as many clients as threads
        (made(UVICORN, 3900), 0.05, None, "clients"),
        (made(UVICORN, 19.9, server_cpu=0), 0.05, None, "one loop"),
        (made(UVICORN, 3900, server_cpu=int(0.97 * CORE)), 0.05, None, "cpu"),
        (made(UVICORN, 9000, server_cpu=int(0.6 * CORE), client_cpu=0, machine_cpu=CORE), None, None, "cpu"),
        (made(UVICORN, 9000, server_cpu=int(0.6 * CORE), client_cpu=0, machine_cpu=int(0.7 * CORE)), None, None, ""),
        (made(UVICORN, 60_000, client_cpu=int(0.9 * CORE)), None, 0.6, "client"),
        (made(UVICORN, 60_000), None, 0.8, "client"),
        (made(UVICORN, 60_000, failed={"status 500": 7500}), None, 0.8, "errors"),
        (made(WAITRESS, 78, failed={"timeout": 10}), 0.05, None, "threads=4"),
        (made(WAITRESS, 78, failed={"timeout": 10, "closed": 1}), 0.05, None, "errors"),
        (made(WAITRESS, 50, failed={"timeout": 10}), 0.05, None, "errors"),
    ],
)
def test_the_bottleneck_is_named(found: Figures, service: float | None, reached: float | None, limit: str) -> None:
    assert limits.limit(found, service, reached) == limit


def test_a_paced_load_has_no_limit_unless_it_fails() -> None:
    assert limits.limit(made(UVICORN, 100, server_cpu=CORE), None, None, paced=True) == ""
    assert limits.limit(made(UVICORN, 100, failed={"timeout": 3}), None, None, paced=True) == "errors"


def test_the_theoretical_maximum_has_its_reason() -> None:
    assert limits.allowed(made(WAITRESS, 78), 0.05) == (80, "its 4 threads allow")
    assert limits.allowed(made(UVICORN, 3300), 0.05) == (4000, "200 clients allow")
    assert limits.allowed(made(UVICORN, 20), 0.05) == (20, "its one loop, blocked by the app, allows")
    assert limits.allowed(made("wsgi:gunicorn-sync", 19), 0.05) == (20, "its one thread allows")
    assert limits.allowed(replace(made(UVICORN, 18), connections=1), 0.05) == (20, "1 client allows")
