"""Orders split among clients, and their merged measurements."""

import pytest

from gateways.compare.load.arrivals import poisson
from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import Behind, Measured, Order, Request, Seen
from gateways.compare.locust.crew import must_be_same
from gateways.compare.locust.shares import Crew, agreed, merged, portions, shared
from gateways.compare.measure.machine import version
from gateways.failure import Failure

HELLO = Request("/hello")
SECOND = 1_000_000_000


def order(connections: int, rate: float = 0.0, behind: int = 0) -> Order:
    slow = Behind("slow", HELLO, behind) if behind else None
    kind = "open" if rate else "closed"
    return Order(kind, "h", 80, HELLO, connections=connections, rate=rate, seed=7, processes=(1, 2), behind=slow)  # type: ignore[arg-type]


def seen(status: int = 200, sha256: str = "ab", error: str = "") -> Seen:
    return Seen(status, 2, sha256, "", "", 0.1, error)


@pytest.mark.parametrize(("whole", "parts", "each"), [(10, 3, [4, 3, 3]), (6, 3, [2, 2, 2]), (1, 2, [1, 0])])
def test_portions_differ_by_at_most_one(whole: int, parts: int, each: list[int]) -> None:
    assert portions(whole, parts) == each


def test_the_shares_of_all_clients_add_up_to_the_order() -> None:
    parts = shared(order(10, rate=500.0, behind=50), 3)
    assert [part.connections for part in parts] == [4, 3, 3]
    assert [part.rate for part in parts] == [200.0, 150.0, 150.0]
    assert [part.behind.connections for part in parts if part.behind] == [17, 17, 16]


def test_the_servers_processes_are_read_by_only_one_client() -> None:
    assert [part.processes for part in shared(order(4), 2)] == [(1, 2), ()]


def test_with_fewer_connections_than_clients_some_clients_are_idle() -> None:
    assert [part.connections for part in shared(order(2), 5)] == [1, 1]


def test_arrivals_at_all_clients_have_the_total_rate_and_independent_times() -> None:
    instants = [poisson(part.rate, 10.0, part.seed) for part in shared(order(16, rate=400.0), 4)]
    assert abs(sum(map(len, instants)) - 4000) < 5 * 4000**0.5
    assert len(set().union(*instants)) == sum(map(len, instants))


def test_the_merged_result_equals_that_of_one_client() -> None:
    times = [[1_000_000, 2_000_000, 9_000_000], [3_000_000]]
    both = merged(
        [
            Measured(SECOND, due=4, octets=30, failed={"closed": 1}, busy=10, latency=Histogram(times[0], 1)),
            Measured(SECOND, due=2, octets=10, failed={"closed": 1, "body": 2}, busy=5, latency=Histogram(times[1], 3)),
        ]
    )
    assert (both.due, both.octets, both.busy, both.failed) == (6, 40, 15, {"closed": 2, "body": 2})
    assert both.latency == Histogram(times[0] + times[1], 4)


def test_rates_add_up() -> None:
    half = Measured(SECOND // 4, lag=Histogram([1] * 100))
    assert merged([half, half]).rate == pytest.approx(2 * half.rate)


def test_the_busiest_client_determines_the_client_limit() -> None:
    assert merged([Measured(9, client_cpu=3), Measured(9, client_cpu=8)]).client_cpu == 8


def test_the_cpu_time_of_several_machines_is_unknown() -> None:
    both = merged([Measured(9, server_cpu=5, machine_cpu=7), Measured(9, machine_cpu=7)])
    assert (both.server_cpu, both.machine_cpu) == (5, None)


def test_a_clock_that_was_set_on_one_machine_invalidates_the_slice() -> None:
    assert merged([Measured(9), Measured(9, stepped=True)]).stepped


def test_different_responses_at_different_clients_are_returned_in_turn() -> None:
    assert agreed([seen(), seen()], 1) == seen()
    two = [seen(), seen(sha256="cd")]
    assert agreed(two, 1) != agreed(two, 2)


def test_a_client_without_a_response_is_reported_first() -> None:
    assert agreed([seen(), seen(error="ECONNREFUSED")], 0).error == "ECONNREFUSED"
    assert agreed([seen(), seen(status=503)], 0).status == 503


def test_the_command_of_a_worker_contains_the_address_of_the_master() -> None:
    assert Crew(2, ("192.0.2.7", 5557)).command == "locust -f - --worker --master-host 192.0.2.7 --master-port 5557"
    assert "0.0.0.0" not in Crew(2, ("0.0.0.0", 5557)).command


@pytest.mark.parametrize(
    ("theirs", "has"), [("0.0.9", "has gateways 0.0.9, but"), ("", "does not have gateways installed, but")]
)
def test_a_worker_of_another_version_is_reported_with_the_install_command(theirs: str, has: str) -> None:
    own = version("gateways")
    reported = f"the worker on b {has} the master has gateways {own}; on the worker's machine, run in a clone of "
    with pytest.raises(Failure, match=f"{reported}version {own}: pip"):
        must_be_same({"version": theirs, "host": "b"})
    must_be_same({"version": own, "host": "b"})
