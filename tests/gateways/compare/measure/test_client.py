"""The process of the load client: its exit and a missing response are reported differently."""

import signal

import pytest

from gateways.compare.load.order import Order, Request
from gateways.compare.measure import client as module
from gateways.compare.measure.client import Client
from gateways.failure import Failure

PROBE = Order("probe", "127.0.0.1", 1, Request("/"), timeout=0.1)


def test_a_client_that_has_exited_is_reported() -> None:
    with Client() as client:
        client.process.kill()
        client.process.wait()
        with pytest.raises(Failure, match=r"the load client \(process \d+\) has exited"):
            client.see(PROBE)


def test_a_client_that_does_not_respond_is_reported_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may be the cause, so the message does not say that the client has exited."""
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    with Client() as client:
        client.process.send_signal(signal.SIGSTOP)
        with pytest.raises(Failure, match=r"\(process \d+\) has not responded for \d seconds"):
            client.see(PROBE)
        client.process.kill()
