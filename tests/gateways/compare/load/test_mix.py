"""Several requests in one order: drawn by weight, each with its own response, latency and losses."""

from collections import Counter
from itertools import islice

import pytest

from gateways.compare.load.order import Answer, Kind, Measured, Order, Part, Request
from gateways.compare.load.work import Probe, Work, drawn
from tests.gateways.compare.load.behaving import answer, serving_by_path
from tests.gateways.compare.load.measuring import first_that

SMALL, LARGE, HEAD = Request("/small"), Request("/large"), Request("/large", "HEAD")
ANSWERS = {b"/small": answer(b"small"), b"/large": answer(b"x" * 5000), b"/wrong": answer(b"oops", "500 No")}


def part(port: int, request: Request, weight: float = 1.0) -> Part:
    seen = Probe(Order("probe", "127.0.0.1", port, request)).run()
    assert not seen.error
    return Part(request, weight, Answer(seen.status, seen.length, seen.sha256))


def run(kind: Kind, port: int, mix: tuple[Part, ...]) -> Measured:
    rate = 300.0 if kind == "open" else 0.0

    def measure(seconds: float) -> Measured:
        order = Order(kind, "127.0.0.1", port, SMALL, None, 4, seconds, 0.05, rate=rate, seed=3, mix=mix)
        return Work(Order.from_json(order.to_json())).run()

    return first_that(lambda found: found.answered + found.failures > 20, measure)


@pytest.mark.parametrize("kind", ["closed", "open"])
def test_each_request_has_its_own_figures_and_the_total_is_their_sum(kind: Kind) -> None:
    with serving_by_path(ANSWERS) as port:
        mix = (part(port, SMALL, 3), part(port, LARGE), part(port, HEAD))
        measured = run(kind, port, mix)
    small, large, head = measured.parts
    assert measured.failed == {}
    assert measured.answered == small.answered + large.answered + head.answered > 0
    assert measured.octets == 5 * small.answered + 5000 * large.answered
    assert len(measured.latency) == sum(len(each.latency) for each in measured.parts)
    assert small.window == measured.window
    assert Measured.from_json(measured.to_json()).to_json() == measured.to_json()


def test_failures_are_counted_per_request() -> None:
    with serving_by_path(ANSWERS) as port:
        measured = run("closed", port, (part(port, SMALL), Part(Request("/wrong"), 1.0, Answer(200, 5, None))))
    small, wrong = measured.parts
    assert (small.failed, wrong.answered) == ({}, 0)
    assert measured.failed == wrong.failed == {"status 500": wrong.failures}
    assert wrong.failures > 0


def test_requests_that_were_sent_again_are_counted_per_request() -> None:
    parts = [Measured(retried=2), Measured(retried=3)]
    assert Measured().with_parts(parts).retried == 5


def test_requests_are_drawn_by_weight_and_by_the_seed() -> None:
    first = list(islice(iter(drawn([3.0, 1.0, 0.5], 7), -1), 9000))
    assert first == list(islice(iter(drawn([3.0, 1.0, 0.5], 7), -1), 9000))
    assert first != list(islice(iter(drawn([3.0, 1.0, 0.5], 8), -1), 9000))
    counts = Counter(first)
    assert counts[0] / counts[1] == pytest.approx(3, rel=0.15)
    assert counts[1] / counts[2] == pytest.approx(2, rel=0.15)


def test_a_given_body_is_sent_unchanged() -> None:
    sent = Request("/", "POST", headers=(("Content-Type", "text/plain"),), content="AAEC").octets("h")
    assert sent.endswith(b"Content-Length: 3\r\n\r\n\x00\x01\x02")
    assert sent.count(b"Content-Type") == 1
    assert Request("/", "POST", content="").octets("h").endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize(("body", "failed"), [(b"at 21:07 open", 0), (b"at 21:07 shut", 1)])
def test_a_varying_response_must_contain_the_fixed_pieces(body: bytes, failed: int) -> None:
    expected = Answer(200, None, None, ("at ", " open"))
    with serving_by_path({b"/small": answer(body)}) as port:
        measured = run("closed", port, (Part(SMALL, 1.0, expected),))
    assert bool(measured.failed.get("body")) == bool(failed)
    assert bool(measured.answered) != bool(failed)
