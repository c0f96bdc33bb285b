"""Recorder and channel send all events from the app's thread to another process, in order, without delaying the app."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import pytest

from gateways.events import channel
from gateways.events.channel import Receiver, sender
from gateways.events.events import Batch, Body, Event
from gateways.events.recorder import Recorder

Arrivals = queue.SimpleQueue[Batch]


def event(number: int, data: object = None) -> Event:
    return (float(number), 1, 1, "block", data)


def test_events_arrive_converted_and_complete_and_in_order() -> None:
    delivered: list[Event] = []
    recorder = Recorder(delivered.extend)
    for number in range(2500):
        recorder.record(event(number, b"x" * 300))
    recorder.close()
    assert [when for when, *_ in delivered] == list(range(2500))
    assert delivered[0][4] == Body(300, b"x" * 200)


def test_an_empty_batch_is_never_delivered() -> None:
    delivered: list[list[Event]] = []
    recorder = Recorder(delivered.append)
    recorder.record(event(1))
    recorder.close()
    Recorder(delivered.append).close()
    assert delivered == [[event(1)]]


def test_recording_does_not_wait_for_the_receiver() -> None:
    taken, go_on = threading.Event(), threading.Event()

    def slow(events: list[Event]) -> None:
        taken.set()
        go_on.wait(10)

    recorder = Recorder(slow)
    recorder.record(event(1))
    assert taken.wait(10)
    for number in range(1000):
        recorder.record(event(number))  # the events come on this thread, while the other one is paused
    go_on.set()
    recorder.close()


def test_events_are_dropped_after_the_receiver_has_closed() -> None:
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
    receiver = Receiver(arrived.put)
    yield receiver.address, arrived
    receiver.close()


def test_batches_can_be_sent_to_another_process(arrivals: tuple[str, Arrivals]) -> None:
    address, arrived = arrivals
    program = (
        "import sys, os\n"
        "from gateways.events.channel import sender\n"
        "send = sender(sys.argv[1], 'asgi')\n"
        "send([(1.0, 2, 3, 'scope', {'type': 'http'})])\n"
        "send([(2.0, 2, 3, 'end', None)])\n"
        "print(os.getpid())\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, address], capture_output=True, text=True, timeout=30, check=True
    )
    process = int(child.stdout)
    assert arrived.get(timeout=30) == Batch(process, "asgi", {}, ((1.0, 2, 3, "scope", {"type": "http"}),))
    assert arrived.get(timeout=30) == Batch(process, "asgi", {}, ((2.0, 2, 3, "end", None),))


def test_a_batch_contains_the_names_of_its_threads(arrivals: tuple[str, Arrivals]) -> None:
    address, arrived = arrivals
    here = threading.get_ident()
    sender(address, "wsgi")([(1.0, here, 1, "close", None), (2.0, -1, 1, "end", None)])
    assert arrived.get(timeout=30).threads == {here: threading.current_thread().name}


def test_batches_of_an_ended_sender_are_delivered_before_the_receiver_is_closed() -> None:
    arrived: Arrivals = queue.SimpleQueue()
    receiver = Receiver(arrived.put)
    send = sender(receiver.address, "asgi")
    for number in range(200):
        send([event(number)])
    del send
    receiver.close()
    assert arrived.qsize() == 200


def test_a_sender_that_exits_without_a_batch_does_not_hide_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = threading.Event()

    class Late(Listener):
        def accept(self) -> "Connection[Any, Any]":
            assert closing.wait(20)
            return super().accept()

    monkeypatch.setattr(channel, "Listener", Late)
    arrived: Arrivals = queue.SimpleQueue()
    receiver = Receiver(arrived.put)
    Client(receiver.address, "AF_UNIX").close()
    sender(receiver.address, "asgi")([event(1)])

    def connect(address: str, family: str) -> "Connection[Any, Any]":
        closing.set()
        return Client(address, family)

    monkeypatch.setattr(channel, "Client", connect)
    receiver.close()
    assert arrived.get(timeout=20).events == (event(1),)


def test_several_processes_may_send_concurrently(arrivals: tuple[str, Arrivals]) -> None:
    address, arrived = arrivals
    first, second = sender(address, "asgi"), sender(address, "asgi")
    first([event(1)])
    second([event(2)])
    first([event(3)])
    got = sorted(arrived.get(timeout=30).events[0][0] for _ in range(3))
    assert got == [1.0, 2.0, 3.0]


def test_a_closed_receiver_leaves_nothing_behind_and_refuses_senders() -> None:
    receiver = Receiver(lambda batch: None)
    address = Path(receiver.address)
    assert oct(address.parent.stat().st_mode)[-3:] == "700"
    receiver.close()
    assert not address.exists()
    with pytest.raises(FileNotFoundError):
        sender(receiver.address, "asgi")([event(1)])
