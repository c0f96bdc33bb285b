"""Read and write the file of accepted differences, which a team reviews and commits. Pure.

JSON: {"gateways-accepted": 1, "differences": [{"facet": ..., "requests": ..., "old": ..., "new": ..., "reason": ...}]}.
Only "facet" is required; a missing key matches anything. "facet" and the items of "requests" are patterns (fnmatch).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from gateways.diff.patterns import pattern
from gateways.diff.redact import hide_of, without_secrets
from gateways.diff.result import Difference, Result, fits
from gateways.events.secrets import MASK, Hide
from gateways.failure import Failure
from gateways.requests.not_json import reason

VERSION = 1
HEADING = "gateways-accepted"
TIMES = ("stream", "time")
"""Facets with times as values, which differ in each comparison."""

FIELDS = ("facet", "requests", "old", "new", "reason")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted difference. `requests`: patterns of "GET /path". `old`, `new`: accepted values; None accepts any."""

    facet: str
    requests: tuple[str, ...] = ("*",)
    old: str | None = None
    new: str | None = None
    reason: str = ""

    def fits(self, difference: Difference, labels: Sequence[str]) -> bool:
        """Return True if this entry accepts the difference in every request that shows it."""
        found = difference.found
        return (
            fits(found.facet, self.facet)
            and self.old in (None, found.old)
            and self.new in (None, found.new)
            and all(any(fnmatchcase(label, pattern) for pattern in self.requests) for label in labels)
        )


def read(text: str, origin: str) -> list[Accepted]:
    """Return the accepted differences of a file.

    Raises: Failure: not a valid file; the text names the entry and the error.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure(f"{origin}, line {error.lineno}: not JSON ({reason(error)})") from None
    if not isinstance(document, dict) or document.get(HEADING) != VERSION:
        raise Failure(
            f'{origin}: not a file of accepted differences; such a file begins with {{"{HEADING}": {VERSION}, …'
        )
    entries = document.get("differences")
    if not isinstance(entries, list):
        raise Failure(f'{origin}: "differences" must be a list')
    return [_entry(entry, f"{origin}, difference {number}") for number, entry in enumerate(entries, 1)]


def _entry(entry: object, where: str) -> Accepted:
    if not isinstance(entry, dict) or not isinstance(entry.get("facet"), str):
        raise Failure(
            f'{where}: got {entry!r}; each entry must be an object with a "facet", e.g. {{"facet": "header:date"}}'
        )
    entry = dict(entry)
    requests = entry.pop("requests", "*")
    if isinstance(requests, str):
        requests = [requests]
    if not isinstance(requests, list) or not all(isinstance(each, str) for each in requests):
        raise Failure(f"{where}: 'requests' is {requests!r}; it must be a pattern or a list of patterns, e.g. 'GET /*'")
    for name, value in entry.items():
        if name not in FIELDS:
            raise Failure(f"{where}: unknown field {name!r}; known fields: {', '.join(FIELDS)}")
        if not isinstance(value, str):
            raise Failure(f"{where}: {name!r} is {value!r}; it must be a string")
    try:
        entry["facet"] = pattern(entry["facet"])
    except ValueError as error:
        raise Failure(f"{where}: {error}") from None
    return Accepted(**entry, requests=tuple(requests))


def write(result: Result, before: Sequence[Accepted] = ()) -> str:
    """Return the text of a file. It has the entries of `before`, and then an entry for each counted difference.

    Values with secrets are left out, because the file is committed.
    """
    accepting = partial(_accepting, result=result, hide=hide_of(result))
    entries = [_written(each) for each in (*before, *map(accepting, result.counted))]
    return json.dumps({HEADING: VERSION, "differences": entries}, indent=2, ensure_ascii=False) + "\n"


def _accepting(difference: Difference, result: Result, hide: Hide) -> Accepted:
    found = difference.found
    labels = dict.fromkeys(result.asked[number].label for number in difference.requests)
    if len(labels) == len({each.label for each in result.asked}):
        requests: tuple[str, ...] = ("*",)
    else:
        requests = tuple(_pattern(hide(label)) for label in labels)
    if found.facet in TIMES:
        return Accepted(found.facet, requests)
    shown = without_secrets(found, hide)
    old, new = (value if value == same else None for value, same in ((found.old, shown.old), (found.new, shown.new)))
    return Accepted(found.facet, requests, old, new)


def _pattern(label: str) -> str:
    """Return the pattern for a request. "*" replaces its secrets."""
    return "*".join(re.sub(r"[\[?*]", r"[\g<0>]", piece) for piece in label.split(MASK))


def _written(accepted: Accepted) -> dict[str, object]:
    values = {"facet": accepted.facet, "requests": list(accepted.requests), "old": accepted.old, "new": accepted.new,
              "reason": accepted.reason}  # fmt: skip
    if accepted.requests == ("*",):
        del values["requests"]
    return {name: value for name, value in values.items() if value is not None and (name, value) != ("reason", "")}


def apply(result: Result, accepted: Sequence[Accepted]) -> Result:
    """Mark the accepted differences in the result, and list the entries that match no difference. Return the new
    result.

    If an entry accepts a difference for only some of its requests, the difference is split.
    """
    used: set[Accepted] = set()
    differences: list[Difference] = []
    for each in result.differences:
        rest: list[int] = []
        taken: dict[Accepted, list[int]] = {}
        for number in each.requests:
            fitting = next((one for one in accepted if one.fits(each, [result.asked[number].label])), None)
            if fitting is None:
                rest.append(number)
            else:
                taken.setdefault(fitting, []).append(number)
        if not each.requests and (whole := next((one for one in accepted if one.fits(each, [])), None)):
            taken[whole] = []
        used |= taken.keys()
        differences += [
            replace(each, requests=tuple(numbers), accepted=one.reason or "accepted") for one, numbers in taken.items()
        ]
        if rest or not taken:
            differences.append(replace(each, requests=tuple(rest)))
    unused = [f"{one.facet} in {', '.join(one.requests)}" for one in accepted if one not in used]
    differences.sort(key=lambda each: not each.is_counted)
    return replace(result, differences=tuple(differences), unused=tuple(unused))
