"""The width of drawings."""

import io

from rich.console import Console

from gateways.cli.trace import NARROWEST, width_of


def test_a_drawing_has_the_width_of_the_terminal() -> None:
    assert width_of(Console(force_terminal=True, width=80), 100) == 80
    assert width_of(Console(force_terminal=True, width=20), 100) == NARROWEST


def test_a_drawing_in_a_file_has_the_default_width() -> None:
    assert width_of(Console(file=io.StringIO(), force_terminal=False, width=72), 100) == 100
