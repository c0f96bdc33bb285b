"""Find exceptions in a server's log. Pure."""

import re
from collections import Counter

MAX_LINE = 100
"""Maximum number of characters of the last line of a traceback that are kept."""

_TRACEBACK = re.compile(
    r"^.*Traceback \(most recent call last\):\n"
    r"(?:[ \t].*\n|\n)*"
    r"(\w[\w.]*(?:: .*)?)$"
    r"(?!\n\n(?:The above exception|During handling))",  # count only the last of chained exceptions
    re.MULTILINE,
)


def raised(log: str) -> dict[str, int]:
    """Count the tracebacks by their last line, such as "KeyError: 'id'". The most frequent line is first."""
    return dict(Counter(line[:MAX_LINE] for line in _TRACEBACK.findall(log)).most_common())
