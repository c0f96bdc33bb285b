"""The client as a process, with orders on stdin and results on stdout, and the server that does nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gateways.compare.load.order import Answer, Measured, Order, Request
from tests.gateways.compare.load.measuring import first_that


@pytest.fixture
def client() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "gateways.compare.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]
        assert process.wait(30) == 0


@pytest.fixture
def null() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "gateways.compare.load.null", "300000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield int(process.stdout.readline())  # type: ignore[union-attr]
        process.stdin.close()  # type: ignore[union-attr]
        assert process.wait(30) == 0


def give(client: "subprocess.Popen[str]", order: Order) -> dict[str, object]:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(order.to_json() + "\n")
    client.stdin.flush()
    answer: dict[str, object] = json.loads(client.stdout.readline())
    return answer


def test_the_client_carries_out_its_orders(client: "subprocess.Popen[str]", null: int) -> None:
    seen = give(client, Order("probe", "127.0.0.1", null, Request("/")))
    assert (seen["status"], seen["length"], seen["error"]) == (200, 300_000, "")
    answer = Answer(200, 300_000, str(seen["sha256"]))

    def measure(seconds: float) -> Measured:
        order = Order("closed", "127.0.0.1", null, Request("/"), answer, 4, seconds, 0.05)
        return Measured.from_json(give(client, order))

    for _ in range(2):
        measured = first_that(lambda found: found.answered, measure)
        assert measured.failed == {}
        assert measured.octets == measured.answered * 300_000 > 0


def test_an_order_that_cannot_be_carried_out_returns_a_failure(client: "subprocess.Popen[str]") -> None:
    assert "gaierror" in str(give(client, Order("closed", "no such host", 1, Request("/")))["failure"])
    seen = give(client, Order("probe", "no such host", 1, Request("/")))
    assert str(seen["error"]).startswith("'no such host' cannot be resolved: ")
    seen = give(client, Order("probe", "127.0.0.1", 1, Request("/"), timeout=1))
    assert seen["error"] == "ECONNREFUSED"
