"""Recorder and channel: from the app's thread to another process, in order, complete, and never in the app's way."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateways.trace.channel import Receiver, sender
from gateways.trace.events import Body, Event
from gateways.trace.recorder import Recorder

Arrivals = queue.SimpleQueue[tuple[int, list[Event]]]


def event(number: int, data: object = None) -> Event:
    return (float(number), 1, 1, "block", data)


def test_events_arrive_plain_complete_and_in_order() -> None:
    delivered: list[Event] = []
    recorder = Recorder(delivered.extend)
    for number in range(2500):
        recorder.record(event(number, b"x" * 300))
    recorder.close()
    assert [when for when, *_ in delivered] == list(range(2500))
    assert delivered[0][4] == Body(300, b"x" * 200)


def test_what_is_delivered_is_never_nothing() -> None:
    delivered: list[list[Event]] = []
    recorder = Recorder(delivered.append)
    recorder.record(event(1))
    recorder.close()
    Recorder(delivered.append).close()
    assert delivered == [[event(1)]]


def test_recording_does_not_wait_for_whoever_takes_the_events() -> None:
    taken, go_on = threading.Event(), threading.Event()

    def slow(events: list[Event]) -> None:
        taken.set()
        go_on.wait(10)

    recorder = Recorder(slow)
    recorder.record(event(1))
    assert taken.wait(10)
    for number in range(1000):
        recorder.record(event(number))  # on this thread, while the other stands still
    go_on.set()
    recorder.close()


def test_when_nobody_listens_any_more_events_are_dropped() -> None:
    failed = threading.Event()

    def gone(events: list[Event]) -> None:
        failed.set()
        raise BrokenPipeError

    recorder = Recorder(gone)
    recorder.record(event(1))
    assert failed.wait(10)
    recorder.record(event(2))
    recorder.close()
    assert not any(thread.name == "gateways-recorder" for thread in threading.enumerate())


@pytest.fixture
def arrivals() -> Iterator[tuple[str, Arrivals]]:
    arrived: Arrivals = queue.SimpleQueue()
    receiver = Receiver(lambda process, events: arrived.put((process, events)))
    yield receiver.address, arrived
    receiver.close()


def test_batches_cross_to_another_process(arrivals: tuple[str, Arrivals]) -> None:
    address, arrived = arrivals
    program = (
        "import sys, os\n"
        "from gateways.trace.channel import sender\n"
        "send = sender(sys.argv[1])\n"
        "send([(1.0, 2, 3, 'scope', {'type': 'http'})])\n"
        "send([(2.0, 2, 3, 'end', None)])\n"
        "print(os.getpid())\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, address], capture_output=True, text=True, timeout=30, check=True
    )
    process = int(child.stdout)
    assert arrived.get(timeout=10) == (process, [(1.0, 2, 3, "scope", {"type": "http"})])
    assert arrived.get(timeout=10) == (process, [(2.0, 2, 3, "end", None)])


def test_several_processes_may_send_at_once(arrivals: tuple[str, Arrivals]) -> None:
    address, arrived = arrivals
    first, second = sender(address), sender(address)
    first([event(1)])
    second([event(2)])
    first([event(3)])
    got = sorted(arrived.get(timeout=10)[1][0][0] for _ in range(3))
    assert got == [1.0, 2.0, 3.0]


def test_a_closed_receiver_leaves_nothing_behind_and_refuses() -> None:
    receiver = Receiver(lambda process, events: None)
    address = Path(receiver.address)
    assert oct(address.parent.stat().st_mode)[-3:] == "700"
    receiver.close()
    assert not address.exists()
    with pytest.raises(FileNotFoundError):
        sender(receiver.address)([event(1)])
