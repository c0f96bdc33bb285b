"""The client against servers with one behaviour each, over real sockets, with and without the kernel's timestamps."""

import math
import os
import socket
import threading
import time
from functools import partial

import pytest

from gateways.compare.load.engine import KERNEL_STAMPS
from gateways.compare.load.order import Answer, Behind, Measured, Order, Request
from gateways.compare.load.work import Probe, Work
from tests.gateways.compare.load import behaving
from tests.gateways.compare.load.behaving import Behaviour, serving
from tests.gateways.compare.load.measuring import first_that

pytestmark = pytest.mark.slow

HELLO = Request("/hello")


def probe(port: int, request: Request = HELLO) -> Answer:
    seen = Probe(Order("probe", "127.0.0.1", port, request, timeout=5)).run()
    assert not seen.error
    return Answer(seen.status, seen.length, seen.sha256)


def good_answer() -> Answer:
    with serving(behaving.behaves) as port:
        return probe(port)


def closed(behaviour: Behaviour, connections: int = 4, seconds: float = 0.2, timeout: float = 2.0) -> Measured:
    answer = good_answer()
    with serving(behaviour) as port:
        return Work(Order("closed", "127.0.0.1", port, HELLO, answer, connections, seconds, 0.05, timeout)).run()


def test_a_probe_returns_the_response() -> None:
    with serving(behaving.behaves) as port:
        seen = Probe(Order("probe", "127.0.0.1", port, HELLO)).run()
    assert (seen.status, seen.length, seen.start, seen.error) == (200, 14, "Hello, world!\n", "")
    assert seen.sha256 == "d9014c4624844aa5bac314773d6b689ad467fa4e1d1a50a1b8a99d5a95f72ff5"
    assert seen.head.startswith("HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("behaviour", [behaving.hangs_up, behaving.hangs_up_in_the_middle, behaving.never_answers])
def test_a_probe_without_a_response_returns_the_reason(behaviour: Behaviour) -> None:
    with serving(behaviour) as port:
        seen = Probe(Order("probe", "127.0.0.1", port, HELLO, timeout=0.3)).run()
    assert seen.error in {"the connection was closed before the end of the response", "no response within 0.3 s"}


def test_a_probe_that_gets_more_than_a_response_reports_it_and_the_client_continues() -> None:
    with serving(behaving.says_more_than_it_promised) as port:
        seen = Probe(Order("probe", "127.0.0.1", port, HELLO, timeout=5)).run()
    assert seen.status == 200
    assert "arrived after the end of the response" in seen.error


@pytest.mark.parametrize("stamps", [True, False], ids=["kernel's clock", "own clock"])
def test_a_closed_loop_counts_verified_responses(stamps: bool) -> None:
    if stamps and not KERNEL_STAMPS:
        pytest.skip("this kernel does not say when it received bytes")
    with serving(behaving.behaves) as port:
        answer = probe(port)

        def measure(seconds: float) -> Measured:
            return Work(Order("closed", "127.0.0.1", port, HELLO, answer, 4, seconds, 0.05), stamps=stamps).run()

        measured = first_that(lambda found: found.answered > 10 and 3 < found.busy / found.window < 5, measure)
    assert measured.answered > 10
    assert (measured.failed, measured.unsent, measured.reconnects, measured.stepped) == ({}, 0, 0, False)
    assert measured.octets == 14 * measured.answered
    assert 0.29e9 < measured.window < 30e9
    # Little's law: four requests are always in flight.
    assert 3 < measured.busy / measured.window < 5
    # Responses within the window, and requests in flight at its end.
    assert measured.answered <= len(measured.latency) <= measured.answered + 4
    assert measured.first_byte == measured.latency
    median = measured.latency.percentile(0.5)
    assert median is not None
    assert 0 < median < 10e9


def test_connections_that_end_with_each_response_are_reopened() -> None:
    for behaviour in (behaving.closes_each, behaving.ends_with_the_connection):
        measured = first_that(lambda found: found.answered + found.outside > 8, partial(closed, behaviour, 4))
        assert measured.failed == {}
        total = measured.answered + measured.outside  # all may be outside the window on a busy machine
        assert total > 8
        assert measured.reconnects >= total - 4


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (behaving.fails, "status 500"),
        (behaving.says_something_else, "body"),
        (behaving.says_less, "length"),
        (behaving.says_more_than_it_promised, "framing"),
        (behaving.hangs_up_in_the_middle, "closed"),
    ],
)
def test_wrong_responses_are_failures_and_never_throughput(behaviour: Behaviour, kind: str) -> None:
    measured = first_that(
        lambda found: sum(found.failed.values()) + found.answered > 100,
        lambda seconds: closed(behaving.every_tenth(behaviour), seconds=seconds),
    )
    failed = measured.failed[kind]
    assert set(measured.failed) == {kind}
    total = failed + measured.answered
    assert 0.05 < failed / total < 0.4  # a tenth of the requests, inside and outside the window
    assert 0 < measured.latency.missing <= failed
    assert measured.examples
    assert closed(behaviour).answered == 0


def test_a_failure_is_described_by_the_title_of_the_error_page() -> None:
    page = b"<html><head><title>OperationalError at /\n</title></head><body>database is &lt;locked&gt;</body></html>"
    for body, text in (
        (page, "OperationalError at /"),
        (b"<p>database is &lt;locked&gt;</p>", "database is <locked>"),
        (b"\xff\x00", ""),
    ):

        def fails(sock: socket.socket, _number: int, body: bytes = body) -> bool:
            sock.sendall(behaving.answer(body, "500 Internal Server Error"))
            return True

        measured = closed(fails, seconds=0.05)
        said = f" ({text})" if text else ""
        assert measured.examples[0] == f"got 500 with {len(body)} bytes{said}; expected 200 with 14 bytes"


def test_a_request_on_a_reused_connection_that_is_closed_without_a_response_is_sent_again_and_counted() -> None:
    """RFC 9112, 9.3.1. A server may close an idle connection at the moment when the next request is sent."""
    measured = first_that(
        lambda found: found.retried > 0,
        lambda seconds: closed(behaving.hangs_up_after(requests=2), connections=1, seconds=seconds),
    )
    total = measured.answered + measured.outside
    assert measured.failed == {}
    assert 0 < measured.retried <= total / 2
    assert measured.reconnects >= measured.retried


def test_a_request_that_was_sent_again_and_has_no_response_is_lost() -> None:
    behaviour = behaving.in_turns(behaving.behaves, behaving.hangs_up, behaving.hangs_up)
    measured = first_that(
        lambda found: found.failed and found.answered + found.outside,
        lambda seconds: closed(behaviour, connections=1, seconds=seconds),
    )
    assert set(measured.failed) == {"closed"}
    assert abs(measured.failed["closed"] - measured.retried) <= 1
    assert measured.answered + measured.outside > 0


@pytest.mark.parametrize("behaviour", [behaving.hangs_up, behaving.hangs_up_in_the_middle])
def test_a_request_on_a_new_connection_that_is_closed_is_lost(behaviour: Behaviour) -> None:
    measured = closed(behaviour)
    assert (set(measured.failed), measured.retried, measured.answered) == ({"closed"}, 0, 0)


def test_a_request_that_may_change_data_is_never_sent_again() -> None:
    answer = good_answer()
    with serving(behaving.hangs_up_after(requests=2)) as port:
        measured = Work(Order("closed", "127.0.0.1", port, Request("/", "POST"), answer, 1, 0.2, 0.05)).run()
    assert (set(measured.failed), measured.retried) == ({"closed"}, 0)


def test_a_request_without_a_response_in_time_has_failed() -> None:
    measured = first_that(
        lambda found: found.failed.get("timeout"),
        lambda seconds: closed(behaving.every_tenth(behaving.never_answers), seconds=seconds, timeout=0.1),
    )
    assert measured.failed["timeout"] > 0
    assert measured.latency.percentile(1) == math.inf


def test_an_unreachable_server_is_a_failure_and_does_not_cause_a_busy_loop() -> None:
    with serving(behaving.behaves) as port:
        answer = probe(port)
    began = time.monotonic()
    measured = first_that(
        lambda found: found.failed.get("refused", 0) > 2,
        lambda seconds: Work(Order("closed", "127.0.0.1", port, HELLO, answer, 2, seconds, 0.05)).run(),
    )
    took = time.monotonic() - began
    assert measured.answered == 0
    assert 2 < measured.failed["refused"] < 100 * max(1, took)


def test_an_open_loop_sends_exactly_the_requests_that_are_due() -> None:
    with serving(behaving.behaves) as port:
        order = Order("open", "127.0.0.1", port, HELLO, probe(port), 16, 1.0, 0.1, rate=300, seed=3)
        measured = Work(order).run()
    assert 240 < measured.due < 360
    assert len(measured.latency) == measured.due
    assert (measured.failed, measured.unsent, measured.latency.missing) == ({}, 0, 0)
    assert len(measured.late) == measured.due


def test_an_open_loop_counts_latency_from_the_time_a_request_was_due() -> None:
    """If a server hangs for half a second, a closed loop hardly shows it, but an open loop does."""
    answer = good_answer()

    def while_it_freezes(kind: str) -> Measured:
        with serving(behaving.freezes_once(0.5, at=100)) as port:
            order = Order(kind, "127.0.0.1", port, HELLO, answer, 4, 1.0, 0.05, rate=400, seed=1)  # type: ignore[arg-type]
            return Work(order).run()

    for _ in range(4):  # a busy machine delays further requests
        in_closed_loop, in_open_loop = above(while_it_freezes("closed"), 0.1), above(while_it_freezes("open"), 0.1)
        if in_closed_loop < 0.1 and in_open_loop < 0.55:
            break
    assert in_closed_loop < 0.1
    # A request that is due in the first 0.4 of the 0.5 seconds waits for more than 0.1 s: 40 % of all.
    assert 0.25 < in_open_loop < 0.55


def above(measured: Measured, seconds: float) -> float:
    """Return the share of samples that took longer."""
    below = [share for value, share in measured.latency.curve() if value <= seconds * 1e9]
    return 1 - (below[-1] if below else 0)


def test_requests_that_an_open_loop_could_not_send_stay_in_the_distribution() -> None:
    answer = good_answer()
    with serving(behaving.never_answers) as port:
        order = Order("open", "127.0.0.1", port, HELLO, answer, 2, 0.3, 0.0, 0.4, rate=200, seed=1)
        measured = Work(order).run()
    assert measured.answered == 0
    assert len(measured.latency) == measured.latency.missing == measured.due
    assert sum(measured.failed.values()) + measured.unsent == measured.due
    assert measured.unsent > 10


def test_first_bytes_and_gaps_of_a_stream_are_measured() -> None:
    with serving(behaving.streams(4, 0.05)) as port:
        order = Order("closed", "127.0.0.1", port, HELLO, probe(port), 2, 1.0, 0.0)
        for _ in range(4):  # a busy machine sends and receives late
            measured = Work(order).run()
            medians = [h.percentile(0.5) or 0 for h in (measured.first_byte, measured.gap, measured.latency)]
            if max(medians[:2]) < 0.1e9 and medians[2] < 0.4e9:
                break
    assert measured.failed == {}
    first, gap, whole = medians
    assert 0.045e9 < first < 0.1e9
    assert 0.045e9 < gap < 0.1e9
    assert 0.2e9 < whole < 0.4e9


def test_a_large_body_is_sent_and_a_large_response_is_verified() -> None:
    big = Request("/", "POST", 5_000_000)

    def gives_ten_megabytes(sock: socket.socket, _number: int) -> bool:
        sock.sendall(behaving.answer(b"0123456789" * 1_000_000))
        return True

    with serving(gives_ten_megabytes) as port:
        answer = probe(port, big)
        measured = Work(Order("closed", "127.0.0.1", port, big, answer, 2, 1.0, 0.0)).run()
    assert measured.failed == {}
    assert measured.answered >= 1
    assert measured.octets == measured.answered * 10_000_000


FIRST_EVENT = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntick\r\n"


def beside_streams(count: int, stays_open: int = 0, refused: int = 0) -> Measured:
    """Return the measurement beside `count` streams. The server ends or refuses all but the first `stays_open`."""
    release = threading.Event()

    def serves(sock: socket.socket, number: int) -> bool:
        if not 0 < number <= count:
            return behaving.behaves(sock, number)
        if number > count - refused:
            sock.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull")
            return False
        sock.sendall(FIRST_EVENT)
        if number <= stays_open:
            release.wait(60)
        return False

    with serving(serves) as port:
        behind = Behind("held", Request("/events"), count)
        order = Order("open", "127.0.0.1", port, HELLO, probe(port), 2, 0.5, 0.05, rate=50, behind=behind)
        try:
            return Work(order).run()
        finally:
            release.set()


def test_streams_are_held_open_while_other_requests_are_sent() -> None:
    measured = beside_streams(20, stays_open=20)
    assert (measured.begun, measured.lost) == (20, 0)
    assert measured.failed == {}
    assert len(measured.latency) == measured.due > 10


def test_a_stream_that_ends_early_is_lost_and_a_refused_one_never_began() -> None:
    measured = beside_streams(9, stays_open=4, refused=3)
    assert (measured.begun, measured.lost) == (6, 2)


def test_slow_readers_read_slowly() -> None:
    sent: list[int] = []

    def gives_without_end(sock: socket.socket, number: int) -> bool:
        if number == 0:
            return behaving.behaves(sock, number)
        if number <= 3:
            sock.settimeout(0.6)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    sent.append(sock.send(b"x" * 65536))
            except OSError:
                return False
        return behaving.behaves(sock, number)

    with serving(gives_without_end) as port:
        answer = probe(port)
        behind = Behind("slow", Request("/file"), 3)
        order = Order("open", "127.0.0.1", port, HELLO, answer, 2, 0.5, 0.1, rate=50, behind=behind)
        started = time.monotonic()
        measured = Work(order).run()
        took = time.monotonic() - started
    assert (measured.begun, measured.failed) == (3, {})
    # The capacity of both buffers, and 80 kB per second: far below the megabytes of a fast reader.
    assert 3 * 8192 < sum(sent) < 3 * (200_000 + 80_000 * (took + 0.6))


def test_the_cpu_time_of_processes_is_that_within_the_window() -> None:
    with serving(behaving.behaves) as port:
        order = Order("closed", "127.0.0.1", port, HELLO, probe(port), 2, 0.3, 0.0, processes=(os.getpid(),))
        measured = Work(order).run()
    if measured.server_cpu is None:
        pytest.skip("this system has no clocks of other processes")
    # Client and server are this process.
    assert measured.server_cpu == pytest.approx(measured.client_cpu, rel=0.2, abs=20e6)
    assert measured.machine_cpu is not None
    assert measured.machine_cpu > 0


def test_an_order_begins_at_its_start_time() -> None:
    late = []
    for _ in range(5):
        with serving(behaving.behaves) as port:
            begin = time.time_ns() + 300_000_000
            measured = Work(Order("closed", "127.0.0.1", port, HELLO, probe(port), 2, 0.1, 0.05, begin=begin)).run()
        late.append(measured.opened - begin - 50_000_000)
        assert late[-1] >= 0  # never before
        if late[-1] < 150_000_000:
            return
    slept = list[float]()
    for _ in range(40):
        before = time.monotonic()
        time.sleep(0.01)
        slept.append(time.monotonic() - before)
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if max(slept) > 0.03 or load > 1.5 * cores:
        pytest.skip(
            f"too busy to judge: a sleep of 10 ms took {max(slept):.3f} s, {load:.1f} programs want {cores} cores"
        )
    pytest.fail(f"the window opened late each time, by {late} ns")
