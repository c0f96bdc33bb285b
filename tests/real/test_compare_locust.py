"""Comparisons with locust's own master and workers, on this machine: their results, and their end."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import psutil
import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.locust import crew
from gateways.compare.locust.crew import Workers
from gateways.compare.locust.shares import Crew
from gateways.compare.measure.remote import site
from gateways.compare.measure.run import Plan, compare
from gateways.compare.measure.warden import Warden
from gateways.compare.plan.effort import Effort
from gateways.compare.plan.scenarios import of_path
from gateways.compare.plan.target import Target
from gateways.failure import Failure
from tests.real.running import PATIENCE, Running
from tests.real.serving import Running as Server
from tests.real.serving import eventually, free_ports, serve
from tests.real.test_compare import Quiet

TINY = Effort("tiny", starts=1, rounds=1, shares=(0.3,), warm=0.0)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("gateways.asgi.app:app", "uvicorn") as running:
        yield running


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, locust and its workers take long to start."""
    monkeypatch.setattr(crew, "START", 60.0)


@pytest.fixture
def free() -> int:
    return free_ports(1)[0]


def of_locust() -> list[psutil.Process]:
    """Return the running descendants of this process that belong to locust."""
    return [each for each in psutil.Process().children(recursive=True) if "locust" in " ".join(each.cmdline())]


def test_two_workers_measure_together_and_verify_every_response(server: Server) -> None:
    first, second, other = f"a={server.url}/hello", f"b={server.url}/hello", f"c={server.url}/json"
    sites = tuple(map(site, (first, second, other)))
    workers = partial(Workers, Crew(2))
    plan = Plan(Target("a, b, c", None, {}), sites, (of_path("/"),), TINY, seed=1, force=True, clients=workers)
    record = compare(plan, [], Quiet())
    assert (record.options["engine"], record.options["workers"], record.options["apart"] < 0.5) == ("locust", 2, True)
    assert len(record.options["machines"]) == 2
    assert [each.contender for each in record.exclusions] == ["c"]
    assert "unlike the other responses" in record.exclusions[0].why
    assert {(cell.contender, cell.phase, cell.connections) for cell in record.cells} == {
        ("null", "capacity", 64),
        ("a", "capacity", 64),
        ("a#2", "capacity", 64),
        ("b", "capacity", 64),
        ("a", "latency", 64),
        ("b", "latency", 64),
    }
    assert all(cell.measured.answered > 0 and not cell.measured.failed for cell in record.cells)
    due = sum(cell.measured.due for cell in record.cells if cell.phase == "latency")
    assert due == sum(len(cell.measured.latency) for cell in record.cells if cell.phase == "latency")
    assert {row.figures.entrant.id for section in sections(record) for row in section.rows} == {"a", "b"}
    assert of_locust() == []


def test_workers_started_by_a_user_are_awaited_and_a_lost_worker_ends_the_comparison(server: Server, free: int) -> None:
    crew = Crew(2, ("127.0.0.1", free))
    asked = ["--url", f"a={server.url}", "--path", "/hello", "--thorough", "--force", "--engine", "locust"]
    workers: list[subprocess.Popen[bytes]] = []
    try:
        with Running("compare", *asked, "--load-workers", "2", "--bind", f"127.0.0.1:{free}") as running:
            for number in range(2):
                running.wait_for(f"{number} of 2 have connected")
                command = [sys.executable, "-m", *shlex.split(crew.command)]
                workers.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True))
            running.wait_for("warm-up")
            os.killpg(workers[0].pid, signal.SIGKILL)
            running.process.wait(PATIENCE)
            assert running.process.returncode == 1
            assert running.process.stderr is not None
            said = running.process.stderr.read().decode()
            assert crew.command in said.splitlines()[1]
            assert f"locust's worker on {socket.gethostname()} is lost" in said.splitlines()[-1]
            assert "Traceback" not in said
            assert running.left() == []
        assert workers[1].wait(PATIENCE) == 0
    finally:
        for each in workers:
            if each.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()


def test_ctrl_c_stops_the_master_and_its_workers(server: Server) -> None:
    asked = ["--url", f"a={server.url}", "--path", "/hello", "--thorough", "--force", "--engine", "locust"]
    with Running("compare", *asked) as running:
        running.wait_for("warm-up")
        running.tree(lambda seen: len(seen) >= 6)  # warden, master, two workers, and a load client of each
        status, seconds = running.end(signal.SIGINT)
        assert (status, seconds < 40) == (130, True)
        running.wait_for("interrupted: ")
        eventually(lambda: running.left() == [], "all has ended")


def test_a_port_in_use_is_reported_and_a_waiting_master_can_be_interrupted(free: int) -> None:
    asked = ["--url", "a=http://127.0.0.1:1", "--force", "--engine", "locust", "--bind", f"127.0.0.1:{free}"]
    with Running("compare", *asked) as first:
        first.wait_for("0 of 2 have connected")
        command = [sys.executable, "-m", "gateways", "compare", *asked]
        second = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert second.returncode == 1
        assert f"port {free} on 127.0.0.1 is in use" in second.stderr.splitlines()[-1]
        status, seconds = first.end(signal.SIGINT)
        assert (status, seconds < 40) == (130, True)
        assert first.left() == []


def test_missing_workers_cause_a_timeout(free: int) -> None:
    crew = Crew(3, ("127.0.0.1", free))
    began = time.monotonic()
    with (
        Warden() as warden,
        pytest.raises(
            Failure, match=r"0 of 3 workers have connected within 1 seconds; start each with: locust -f - --wo"
        ),
        Workers(crew, (), warden, Quiet(), coming=1.0),
    ):
        pytest.fail("there are no workers")
    assert time.monotonic() - began < 40
    assert of_locust() == []


def test_an_unreachable_server_is_reported() -> None:
    command = [sys.executable, "-m", "gateways", "compare", "--url", "a=http://127.0.0.1:1", "--force", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 1
    assert done.stderr == ("gateways compare: / has no response that can be measured: no response: ECONNREFUSED\n")
