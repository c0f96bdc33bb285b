"""The times at which the requests of an open loop are due. Pure."""

import random


def poisson(rate: float, seconds: float, seed: int) -> list[int]:
    """Return the instants, in nanoseconds from the start, of a Poisson process of `rate` per second during `seconds`.

    Independent users arrive like this: gaps are exponential, so requests also come in bursts. The same seed gives the
    same instants to every contender.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing to be kept secret
    instants: list[int] = []
    at = chance.expovariate(rate)
    while at < seconds:
        instants.append(int(at * 1e9))
        at += chance.expovariate(rate)
    return instants
