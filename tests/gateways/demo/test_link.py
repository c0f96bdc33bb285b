"""The link from the command to the page's process sends the servers, then each batch, without blocking the command."""

import queue
import threading
from contextlib import closing
from pathlib import Path

from gateways.demo.link import WAITING, Lane, Lanes, Link, Told, connect, follow
from gateways.events.events import Batch
from gateways.serving.server import Mode

LANES = Lanes((Lane("wsgi", "waitress", "3.0", "one process", ("127.0.0.1", 8001)),), "127.0.0.1", quiet=False)


def batch(number: int) -> Batch:
    return Batch(number, "wsgi", {}, ())


def test_the_lanes_are_sent_first_and_then_each_batch_in_order() -> None:
    arrived: queue.SimpleQueue[Told] = queue.SimpleQueue()

    def keep(mode: Mode, told: Batch) -> None:
        arrived.put((mode, told))

    with closing(Link(LANES)) as link:
        link.put("wsgi", batch(0))  # before a client connects
        lanes, connection = connect(link.address)
        reader = threading.Thread(target=follow, args=(connection, keep))
        reader.start()
        for number in range(1, 50):
            link.put("wsgi", batch(number))
        told = [arrived.get(timeout=10) for _ in range(50)]
    reader.join(10)
    assert not reader.is_alive()  # this thread ends with the command
    assert lanes == LANES
    assert told == [("wsgi", batch(number)) for number in range(50)]


def test_the_link_ends_without_a_client_and_removes_the_socket() -> None:
    link = Link(LANES)
    assert Path(link.address).exists()
    link.close()
    assert not Path(link.address).exists()


def test_a_process_that_does_not_read_does_not_block() -> None:
    with closing(Link(LANES)) as link:
        _, connection = connect(link.address)
        with connection:
            large = Batch(1, "wsgi", {}, ((1.0, 1, 1, "stderr", "x" * 1_000_000),))
            for _ in range(WAITING * 3):
                link.put("wsgi", large)  # most batches are dropped, because 600 MB would be too much memory


def test_a_process_that_has_exited_does_not_block() -> None:
    with closing(Link(LANES)) as link:
        connect(link.address)[1].close()
        for number in range(10):
            link.put("wsgi", batch(number))
