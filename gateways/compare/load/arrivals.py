"""Choose the times at which the requests of an open loop are due. Pure."""

import random


def poisson(rate: float, seconds: float, seed: int) -> list[int]:
    """Return the times of a Poisson process with `rate` events per second during `seconds`, in nanoseconds from its
    start.

    The requests of independent users arrive like this: the gaps are exponentially distributed, so there are bursts.
    With the same seed, every contender gets the same times.
    """
    chance = random.Random(seed)  # noqa: S311 - not used for security
    instants: list[int] = []
    at = chance.expovariate(rate)
    while at < seconds:
        instants.append(int(at * 1e9))
        at += chance.expovariate(rate)
    return instants
