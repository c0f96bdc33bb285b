"""If a value varies in the old stack's responses, decide if the new stack's value is of the same kind. Pure.

A place in which the old responses differ is noise, but not every value is correct there. If the place always has the
current time, then a time in another zone or of another day is a difference. A token that is much shorter than all old
tokens is a difference too.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime

NEAR = 600.0
"""Times are close if they differ by less than this, in seconds. Time zones differ by 15 minutes or more, and all rounds
together usually take less.
"""

TOKEN = re.compile(r"(?=[\w\-]*[0-9])(?=[\w\-]*[A-Za-z])[\w\-]{16,}")
"""Pattern of a generated value: a long word with letters and digits."""

DAY = 86_400.0
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?P<between>[T ])\d\d:\d\d:\d\d(?P<fraction>[.,]\d{1,9})?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)")
_EPOCH = re.compile(r"[12]\d{9}(?P<thousandths>\d{3})?(?P<fraction>\.\d+)?")


def differs(olds: Collection[str], new: str) -> bool:
    """Return True if all old values are of one kind, and the new value is of another kind.

    olds: the different values of all old responses in one place, without quotes.
    """
    return _is_another_time(olds, new) or _is_shorter(olds, new)


def is_another_length(olds: Collection[str], new: str) -> bool:
    """Return True if a Content-Length is less than half of all old ones, or more than twice all old ones."""
    lengths = [int(each) for each in (*olds, new) if each.isdecimal()]
    if len(lengths) <= len(olds):
        return False
    *befores, now = lengths
    return 2 * now < min(befores) or now > 2 * max(befores)


def _is_another_time(olds: Collection[str], new: str) -> bool:
    """Return True if the old values are close times in one notation, and the new value is not such a time."""
    found = [each for each in map(_moment, olds) if each is not None]
    if len(found) < max(2, len(olds)) or len({form for form, _ in found}) > 1:
        return False
    form, times = found[0][0], [time for _, time in found]
    if max(times) - min(times) >= NEAR:
        return False
    now = _moment(new)
    if now is None or now[0] != form:
        return True
    apart = min(abs(now[1] - time) for time in times)
    return (min(apart, DAY - apart) if form == "time of day" else apart) > NEAR


def _moment(text: str) -> tuple[str, float] | None:
    """Return the notation of a time, and the time in seconds; None if the text is not a time."""
    if match := _DATE_TIME.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.replace(",", "."))
        except ValueError:
            return None
        form = f"{match['between']}{'.' if match['fraction'] else ''}{match['zone'] or ''}"
        return form, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if match := _TIME.fullmatch(text):
        hours, minutes, seconds = map(int, match.groups())
        return "time of day", hours * 3600.0 + minutes * 60 + seconds
    if match := _EPOCH.fullmatch(text):
        form = f"epoch{' in ms' if match['thousandths'] else ''}{'.' if match['fraction'] else ''}"
        return form, float(text) / (1000 if match["thousandths"] else 1)
    return None


def _is_shorter(olds: Collection[str], new: str) -> bool:
    """Return True if all old values are tokens of one length, and the new token has less than half of this length."""
    lengths = {len(each) for each in olds}
    is_token = len(olds) > 1 and len(lengths) == 1 and all(map(TOKEN.fullmatch, olds))
    return is_token and 0 < 2 * len(new) < lengths.pop()
