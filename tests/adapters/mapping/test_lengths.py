"""Content-Length: valid and invalid values (RFC 9110, 8.6)."""

from __future__ import annotations

import pytest

from gateways.adapters.errors import AppProtocolError, BadRequest
from gateways.adapters.mapping.lengths import content_length


@pytest.mark.parametrize(
    ("values", "length"),
    [(["0"], 0), (["42"], 42), (["042"], 42), ([" 42\t"], 42), (["5", " 5"], 5), (["9" * 18], 10**18 - 1)],
)
def test_equal_decimal_numbers_are_one_length(values: list[str], length: int) -> None:
    assert content_length(values) == length


@pytest.mark.parametrize(
    "values",
    [[], [""], ["5", "6"], ["5", ""], ["5, 5"], ["-1"], ["+1"], ["1_0"], ["1.0"], ["0x5"], ["²"], ["５"], ["9" * 5000]],
)
@pytest.mark.parametrize("error", [BadRequest, AppProtocolError])
def test_any_other_value_raises_the_error_of_the_sender(values: list[str], error: type[Exception]) -> None:
    """Safety: int() raises ValueError for more than 4,300 digits, which must not become a 500."""
    with pytest.raises(error, match=r"^Content-Length is .{,80}; RFC 9110 \(8\.6\) requires one decimal number"):
        content_length(values, error)
