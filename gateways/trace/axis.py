"""Format times, and choose the ticks of a time axis. Pure."""


def ms(seconds: float) -> str:
    """Format seconds as milliseconds, with two, one or no decimals: "0.61 ms", "12.3 ms", "1,204 ms"."""
    number = seconds * 1000
    return f"{number:,.{2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0}f} ms"


def ticks(end: float, most: int = 5) -> list[float]:
    """Return about `most` round times from 0 to `end` for the ticks, in seconds."""
    rough = end / most
    power = 10.0 ** int(f"{rough:e}".partition("e")[2])
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [step * number for number in range(int(end / step * 1.0001) + 1)]
