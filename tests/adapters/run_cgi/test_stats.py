"""The responses of an overloaded CGI host, and its figures."""

import logging
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.run_cgi.figures import CGIStats
from tests.adapters.run_cgi.asking import Asker, Request
from tests.adapters.run_cgi.conftest import Hosting
from tests.adapters.run_cgi.leftovers import processes
from tests.real.serving import eventually


def stats(ask: Asker) -> CGIStats:
    figures: CGIStats = ask.host.stats()  # type: ignore[attr-defined]
    return figures


class Busy:
    """During the block, the only slot of a host is used, and `waiting` requests wait for it."""

    def __init__(self, ask: Asker, waiting: int = 0) -> None:
        self._ask, self._mark, self._left = ask, uuid.uuid4().hex, threading.Event()
        request = Request(f"/is_silent.sh?{self._mark}")
        self._threads = [threading.Thread(target=ask.leave, args=(request, self._left.is_set))]
        self._threads += [threading.Thread(target=ask, args=("/hello.sh",)) for _ in range(waiting)]
        self._waiting = waiting

    def __enter__(self) -> None:
        self._threads[0].start()
        eventually(lambda: processes(self._mark), "the program runs")
        for thread in self._threads[1:]:
            thread.start()
        eventually(lambda: stats(self._ask).waiting == self._waiting, "the others wait")

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("waiting", [0, 2])
def test_a_request_beyond_the_queue_gets_a_503_before_its_body_is_read(hosting: Hosting, waiting: int) -> None:
    ask = hosting(limit=1, queue=waiting)
    with Busy(ask, waiting):
        begun = time.monotonic()
        for details in ({}, {"body": b"x" * 100}, {"chunks": [b"x"] * 3}):
            response = ask("/echo.py", "POST" if details else "GET", **details)
            assert (response.status, response["Retry-After"]) == (503, "5")
        # A body that never arrives: reading it would wait forever.
        unfinished = Request("/echo.py", "POST", headers=[("Content-Length", "100")], body=b"")
        assert ask.exchange(unfinished).status == 503
        assert time.monotonic() - begun < 8  # no queue_timeout of 10 seconds
        assert (stats(ask).rejected, stats(ask).waiting, stats(ask).busy) == (4, waiting, 1)
    eventually(lambda: stats(ask).busy == 0, "the programs are over")
    assert ask("/hello.sh").status == 200


def test_a_program_that_is_being_started_is_busy(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, begun, go = hosting(), threading.Event(), threading.Event()
    start = ask.host._run  # type: ignore[attr-defined]

    def start_late(*arguments: Any) -> Any:
        begun.set()
        assert go.wait(10)
        return start(*arguments)

    monkeypatch.setattr(ask.host, "_run", start_late)  # type: ignore[attr-defined]
    thread = threading.Thread(target=ask, args=("/hello.sh",))
    thread.start()
    assert begun.wait(10)
    now = stats(ask)
    go.set()
    thread.join()
    assert (now.busy, now.oldest) == (1, 0.0)
    eventually(lambda: stats(ask).busy == 0, "the program is over")


def test_a_host_without_a_busy_program_accepts_a_request(
    hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot is free as soon as stats() no longer count its program, even if the reaper thread is slow."""
    ask, asked = hosting(limit=1, queue=0), threading.Event()
    slots = ask.host.slots  # type: ignore[attr-defined]
    release = slots.release

    def release_late() -> None:
        asked.wait(0.5)
        release()

    monkeypatch.setattr(slots, "release", release_late)
    assert ask(f"/closes_stdout_and_works_on.sh?{tmp_path}/done").status == 200
    (tmp_path / "done.go").touch()  # only now, so that the reaper thread reaps the program
    eventually(lambda: stats(ask).busy == 0, "the program is over")
    response = ask("/hello.sh")
    asked.set()
    assert response.status == 200


def test_queue_timeout_is_the_maximum_wait_for_a_slot(hosting: Hosting) -> None:
    ask = hosting(limit=1, queue_timeout=0.2)
    with Busy(ask):
        begun = time.monotonic()
        response = ask("/hello.sh")
        assert (response.status, response["Retry-After"]) == (503, "5")
        assert 0.2 <= time.monotonic() - begun < 8


def test_an_overload_is_logged_once_a_minute(hosting: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    ask = hosting(limit=1, queue=0)
    with Busy(ask), caplog.at_level(logging.WARNING, "gateways.cgi"):
        for _ in range(5):
            assert ask("/hello.sh").status == 503
    assert [text for text in caplog.messages if "503" in text] == [
        "1 requests got a 503: limit=1 programs were running; increase limit= or queue_timeout="
    ]


def test_requests_programs_bytes_and_errors_are_counted(hosting: Hosting) -> None:
    ask = hosting(timeouts={"head": 5})
    for target in ("/hello.sh", "/hello.sh", "/missing", "/prints.py?bad", "/is_silent.sh"):
        ask(target)
    ask("/prints.py/kill/9?X-A:%20b%0A%0Abody")
    eventually(lambda: stats(ask).busy == 0, "the programs are over")
    now = stats(ask)
    assert (now.requests, now.started, now.errors, now.rejected, now.disconnects) == (6, 5, 3, 0, 0)
    # A part of the response that was cut off may be counted.
    assert (now.bytes in (12, 16), now.oldest, now.waiting) == (True, 0.0, 0)


def test_terminated_programs_are_counted_by_reason(hosting: Hosting) -> None:
    ask, mark = hosting(timeouts={"head": 0.3, "idle": 0.5, "total": 30}), uuid.uuid4().hex
    ask("/is_silent.sh")
    assert ask("/is_silent_after_its_head.sh").complete is False
    eventually(lambda: stats(ask).kills == {"timeout": 2}, "the programs are ended")
    ask.leave(Request(f"/writes_now_and_then.sh?{mark}"), lambda: processes(mark))
    eventually(lambda: sum(stats(ask).kills.values()) == 3, "the program is ended")
    now = stats(ask)
    assert now.kills.keys() <= {"timeout", "disconnected", "cancelled"}
    assert (now.disconnects, now.errors) == (1, 2)


def test_the_age_of_the_oldest_program_is_reported(hosting: Hosting) -> None:
    ask = hosting(limit=1)
    with Busy(ask):
        eventually(lambda: 0.3 <= stats(ask).oldest < 60, "the program is 0.3 s old")
        assert stats(ask).busy == 1
    eventually(lambda: stats(ask).busy == 0, "the program is over")


def test_close_is_one_of_the_reasons(hosting: Hosting) -> None:
    ask, mark = hosting(), uuid.uuid4().hex
    thread = threading.Thread(target=ask, args=(f"/is_silent.sh?{mark}",))
    thread.start()
    eventually(lambda: processes(mark), "the program runs")
    ask.host.close()  # type: ignore[attr-defined]
    thread.join()
    assert stats(ask).kills == {"closed": 1}
