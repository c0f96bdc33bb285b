"""The requests and parameters of the buttons, and bodies that several clients send concurrently."""

import hashlib
from contextlib import closing

import pytest

from gateways.demo.actions import ACTIONS, LARGEST, MEGABYTE, BadRequest, Spooled, plan
from gateways.demo.client import Body


def whole(body: Body | None) -> bytes:
    assert body is not None
    octets = b""
    while len(octets) < body.length:
        octets += body.block(len(octets))
    return octets


@pytest.mark.parametrize(
    ("name", "query", "target", "clients"),
    [
        ("hello", {"name": "Ada & Bob?"}, "/hello?name=Ada%20%26%20Bob%3F", 1),
        ("hello", {"name": "é\r\n"}, "/hello?name=%C3%A9%0D%0A", 1),
        ("stream", {"chunks": "3", "delay": "0.25"}, "/stream?chunks=3&delay=0.25", 1),
        ("events", {}, "/events?count=6&delay=0.4", 1),
        ("crowd", {"seconds": "0.5"}, "/sleep?seconds=0.5", 10),
    ],
)
def test_each_button_sends_a_request_to_the_reference_app(
    name: str, query: dict[str, str], target: str, clients: int
) -> None:
    meant = plan(name, query)
    assert (meant.request.method, meant.request.target, meant.clients) == ("GET", target, clients)


@pytest.mark.parametrize(
    ("name", "query", "why"),
    [
        ("stream", {"chunks": "1000"}, "chunks: got '1000'; expected a number from 1 to 40"),
        ("stream", {"delay": "-1"}, "delay: got '-1'; expected a number from 0 to 2"),
        ("events", {"count": "x"}, "count: got 'x'; expected a number from 1 to 40"),
        ("crowd", {"seconds": "nan"}, "seconds: got 'nan'; expected a number from 0.1 to 5"),
        ("upload", {"megabytes": "1e9"}, "megabytes: got '1e9'; expected a number from 1 to 100"),
        ("nonsense", {}, f"unknown action 'nonsense'; the actions are {', '.join(ACTIONS)}"),
    ],
)
def test_values_out_of_bounds_are_refused(name: str, query: dict[str, str], why: str) -> None:
    with pytest.raises(BadRequest) as refused:
        plan(name, query)
    assert str(refused.value) == why


def test_a_generated_body_has_its_length_and_digest() -> None:
    meant = plan("upload", {"megabytes": "2"})
    octets = whole(meant.request.body)
    assert len(octets) == 2 * MEGABYTE
    assert hashlib.sha256(octets).hexdigest() == meant.digest


def test_a_spooled_body_can_be_sent_by_several_clients_and_is_limited() -> None:
    with closing(Spooled()) as body:
        for number in range(300):
            body.write(bytes([number % 256]) * 1000)
        digest = body.whole()
        assert whole(body) == whole(body)
        assert hashlib.sha256(whole(body)).hexdigest() == digest
    with closing(Spooled()) as body:
        for _ in range(LARGEST):
            body.write(bytes(MEGABYTE))
        with pytest.raises(BadRequest, match="larger than 100 MB"):
            body.write(b"x")
