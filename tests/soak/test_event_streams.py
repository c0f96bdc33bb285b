"""The soak of event streams, for one second: it runs without findings; two hundred streams on four threads."""

import pytest

from tests.soak.event_streams import many, soak


@pytest.mark.parametrize("name", ["gunicorn gthread", "waitress"])
def test_a_second_of_the_soak_finds_nothing(name: str) -> None:
    counts = soak(name, 1)
    assert all(counts[what] > 0 for what in ("streams", "events", "cut off", "requests"))


def test_two_hundred_streams_get_their_event_from_a_worker_with_four_threads() -> None:
    figures = many(200)
    assert figures["streams"] == 200
    assert figures["threads"] < 15
