"""The soaks of event streams and WebSockets, for one second each: they run without findings."""

import pytest

from tests.soak import event_streams, websockets
from tests.soak.servers import Soak


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["gunicorn gthread", "waitress"])
@pytest.mark.parametrize("soak", [event_streams.SOAK, websockets.SOAK], ids=lambda soak: soak.open)
def test_a_second_of_the_soak_finds_no_fault(soak: Soak, name: str) -> None:
    for seconds in (1, 4, 16):  # on a busy machine, a second may be too short for one stream or socket
        counts = soak.run(name, seconds)
        if all(counts[each] > 0 for each in (*soak.counts, "requests")):
            return
    pytest.fail(f"in {seconds} seconds: {counts}")


def test_two_hundred_streams_get_their_event_from_a_worker_with_four_threads_each() -> None:
    figures = event_streams.many(200)
    assert figures["streams"] == 200
    assert figures["threads"] < 15
