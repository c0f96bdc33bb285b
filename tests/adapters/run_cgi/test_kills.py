"""The reasons why a host terminates programs."""

import asyncio

import pytest

from gateways.adapters.errors import AppProtocolError, ClientDisconnected
from gateways.adapters.run_cgi.kills import reason


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ClientDisconnected(), "disconnected"),
        (TimeoutError("no data for 3 seconds"), "timeout"),
        (AppProtocolError("no head"), "bad_response"),
        (OSError(28, "No space left on device"), "error"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (None, "cancelled"),
    ],
)
def test_the_error_that_ends_a_request_is_the_reason(error: BaseException | None, name: str) -> None:
    assert reason(error).name == name


def test_the_text_names_the_timeout_that_passed() -> None:
    assert reason(TimeoutError("no data for 3 seconds")).text == "no data for 3 seconds"
