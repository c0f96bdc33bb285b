"""Repeat a measurement with longer windows until it fits. Knows neither servers nor orders."""

from collections.abc import Callable

from gateways.compare.load.order import Measured


def first_that(fits: Callable[[Measured], object], measure: Callable[[float], Measured]) -> Measured:
    """Call `measure` with longer and longer windows, in seconds, until its result fits. Return the last result.

    On a busy machine, a short window may have only a few responses, and these are late.
    """
    for seconds in (0.3, 1.0, 5.0):
        measured = measure(seconds)
        if fits(measured):
            break
    return measured
