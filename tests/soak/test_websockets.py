"""The soak of WebSockets, for one second: it runs without findings."""

import pytest

from tests.soak.websockets import soak


@pytest.mark.parametrize("name", ["gunicorn gthread", "waitress"])
def test_a_second_of_the_soak_finds_nothing(name: str) -> None:
    counts = soak(name, 1)
    assert all(counts[what] > 0 for what in ("sockets", "messages", "cut off", "requests"))
