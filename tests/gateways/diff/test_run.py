"""The order of rounds, with two servers in this process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateways.diff.plan import Plan
from gateways.diff.run import run
from gateways.diff.side import Site
from gateways.failure import Failure
from gateways.requests.options import traffic

Arrivals = list[tuple[str, float, str]]


@contextmanager
def server(name: str, arrivals: Arrivals, body: Callable[[], bytes]) -> Iterator[Site]:
    """A server that records its requests: its name, the time, the Host header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrivals.append((name, time.monotonic(), self.headers["Host"]))
            octets = body()
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{listening.server_port}")
        finally:
            listening.shutdown()
            thread.join()


def test_the_old_stack_gets_the_first_and_the_last_round_with_a_pause_between() -> None:
    arrivals: Arrivals = []
    with server("old", arrivals, lambda: b"x") as old, server("new", arrivals, lambda: b"x") as new:
        result = run(Plan(old, new, traffic(["/"]), host="shop.example"))
    assert [name for name, _, _ in arrivals] == ["old", "new", "new", "old"]
    assert {host for _, _, host in arrivals} == {"shop.example"}
    assert arrivals[-1][1] - arrivals[0][1] > 1.1
    assert (result.differences, result.rounds) == ((), (2, 2))


def test_a_value_that_is_the_same_twice_by_chance_becomes_noise() -> None:
    values = iter([b"heads", b"heads", b"tails"])
    with server("old", [], lambda: next(values)) as old, server("new", [], lambda: b"tails") as new:
        result = run(Plan(old, new, traffic(["/"])))
    assert (result.counted, result.rounds, result.noise) == ([], (3, 2), {"body": 1})


def test_a_difference_in_only_some_responses_gets_all_further_rounds() -> None:
    old_values, new_values = iter([b"heads", b"heads", b"heads", b"tails"]), iter([b"tails", b"heads"])
    with (
        server("old", [], lambda: next(old_values)) as old,
        server("new", [], lambda: next(new_values)) as new,
    ):
        result = run(Plan(old, new, traffic(["/"])))
    assert (result.counted, result.rounds, result.noise) == ([], (4, 2), {"body": 1})


def test_a_new_stack_that_was_late_by_chance_gets_further_rounds() -> None:
    """Each round has two requests. The time of the first request is not compared."""
    delays = iter([0, 0.4, 0, 0.4])

    def late() -> bytes:
        time.sleep(next(delays, 0))
        return b"x"

    with server("old", [], lambda: b"x") as old, server("new", [], late) as new:
        result = run(Plan(old, new, traffic(["/", "/report"])))
    assert result.counted == []


def test_requests_that_may_change_data_are_sent_to_a_url_only_once() -> None:
    arrivals: Arrivals = []
    with server("old", arrivals, lambda: b"x") as old, server("new", arrivals, lambda: b"y") as new:
        result = run(Plan(old, new, traffic(["/"], data=b"a=1")))
    assert len(result.counted) == 1
    assert [name for name, _, _ in arrivals] == ["old", "new", "new", "old"]


def test_progress_is_reported_request_by_request() -> None:
    told: list[tuple[str, int, int, int]] = []
    with server("old", [], lambda: b"x") as old:
        run(Plan(old, old, traffic(["/", "/a"])), lambda *step: told.append(step))
    assert told[:3] == [("old", 1, 0, 2), ("old", 1, 1, 2), ("old", 1, 2, 2)]
    assert told[-1] == ("old", 2, 2, 2)


def test_a_failed_reset_is_reported_with_its_last_line() -> None:
    nowhere = Site("http://127.0.0.1:9")
    with pytest.raises(Failure, match="exit status 3: broken"):
        run(Plan(nowhere, nowhere, traffic(["/"]), reset="echo broken; exit 3"))
