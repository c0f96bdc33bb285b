"""Format a result for a terminal, with colours. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.text import Text

from gateways.diff.facets import is_cookie
from gateways.diff.judge import ABSENT, Found
from gateways.diff.known import page_of
from gateways.diff.result import Difference, Result
from gateways.events.printable import printable

NAMED = 3
"""Maximum number of requests named for one difference."""

WIDE = 160
"""Maximum length of a shown value, in characters."""

BRIEF = 40
"""Maximum length of a shown value of a difference that does not count, in characters."""


def lines(result: Result) -> Iterator[Text]:
    """Yield the lines: summary, differences, noise, and doubts."""
    yield Text(f"old  {result.old.what}")
    yield Text(f"new  {result.new.what}")
    counted, proven = result.counted, result.asked and not result.unanswered
    yield Text(verdict(result), style="bold red" if counted else "bold green" if proven else "bold yellow")
    for each, after in zip_longest(counted, counted[1:]):
        yield Text()
        yield from _difference(each, result)
        if each.requests and (after is None or after.requests != each.requests):
            yield Text(f"  {_where(each, result)}", style="dim")
    others = [each for each in result.differences if each not in counted and each.accepted is None]
    if others:
        yield Text()
        yield Text("Not counted, because no client may depend on these (--strict counts them):", style="bold")
        for each in others:
            yield _formal(each)
            yield from (_detail(line) for line in each.found.lines)
    accepted = [each for each in result.differences if each.accepted is not None]
    if accepted:
        yield Text()
        yield Text("Accepted:", style="bold")
        for each in accepted:
            yield _head(each).append(f"  {printable(each.accepted or '')}", style="dim")
    yield from _around(result)


def verdict(result: Result) -> str:
    """Return the line with the result."""
    old, new = result.rounds
    times = f"rounds: {old} × old, {new} × new"
    requests, silent = _requests(len(result.asked)), result.unanswered
    counted = result.counted
    cut = "interrupted: " if result.interrupted else ""
    if silent == len(result.asked):
        return f"{cut}no request got a response from either stack"
    if not counted and silent:
        return f"{cut}not compared: {silent} of {requests} got no response from either stack ({times})"
    if not counted:
        return f"{cut}same: {requests}, no difference beyond noise ({times})"
    showing = len({number for each in counted for number in each.requests})
    count = "1 difference" if len(counted) == 1 else f"{len(counted)} differences"
    return f"{cut}{count}, in {showing} of {requests} ({times})"


def _difference(each: Difference, result: Result) -> Iterator[Text]:
    yield _head(each)
    yield from (_detail(line) for line in each.found.lines)
    if each.known is not None:
        clause = f" ({each.known.clause})" if each.known.clause else ""
        page = page_of(each.found, result.new.adapter)
        yield Text(f"  {each.known.says}{clause}{f' See {page}' if page else ''}", style="italic")


def _formal(each: Difference) -> Text:
    """Return one line for a difference that no client may depend on. The line has its count and the clause."""
    found = each.found
    line = Text().append(found.facet, style="bold").append(f"  {short(found.old, BRIEF)} → {short(found.new, BRIEF)}")
    count = len(each.requests)
    times = f", in {_requests(count)}" if count else ""
    clause = f" ({each.known.clause})" if each.known and each.known.clause else ""
    return line.append(f"{times}{clause}", style="dim")


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def _detail(line: str) -> Text:
    return Text(f"    {printable(line)}", style={"-": "red", "+": "green"}.get(line[:1], "dim"))


def _head(each: Difference) -> Text:
    found = each.found
    line = Text().append(heading(found), style="bold").append("  ")
    line.append(short(found.old), style="red").append(" → ").append(short(found.new), style="green")
    if each.times < each.asked:
        line.append(f"  in {each.times} of {each.asked} responses", style="bold yellow")
    return line


def heading(found: Found) -> str:
    """Return the name of the facet. For a cookie, the text also says if the cookie is lost or new."""
    if is_cookie(found.facet) and ABSENT in (found.old, found.new):
        return f"{found.facet} {'lost' if found.new == ABSENT else 'new'}"
    return found.facet


def short(text: str, most: int = WIDE) -> str:
    """Return a value on one line, safe for a terminal."""
    shown = printable(text)
    return shown if len(shown) <= most else f"{shown[:most]}…"


def _where(each: Difference, result: Result) -> str:
    times = Counter(result.asked[number].label for number in each.requests)
    named = ", ".join(
        short(label) + (f" ({count} ×)" if count > 1 else "") for label, count in list(times.items())[:NAMED]
    )
    if len(each.requests) == 1:
        origin = result.asked[each.requests[0]].origin
        return f"{named}  ({origin})" if origin else named
    others = sum(list(times.values())[NAMED:])
    return f"in {len(each.requests)} requests: {named}{f' and {others} more' if others else ''}"


def _around(result: Result) -> Iterator[Text]:
    if result.noise:
        yield Text()
        parts = [f"{printable(name)} in {_requests(count)}" for name, count in list(result.noise.items())[:8]]
        more = f" and {len(result.noise) - 8} more" if len(result.noise) > 8 else ""
        shown = f"Ignored as noise (the old stack's own responses differ): {', '.join(parts)}{more}"
        yield Text(shown, style="dim")
    for line in sentences(result):
        yield Text(printable(line), style="yellow")


def sentences(result: Result) -> Sequence[str]:
    """Return omissions, and doubts about the requests."""
    found = [*result.left_out, *result.notes]
    if result.interrupted:
        found.append(
            "the comparison was interrupted, so the report is incomplete: some requests may be missing, and noise is "
            "unknown and may be among the differences"
        )
    elif result.rounds[0] < 2:
        found.append("the old stack got each request only once, so noise is unknown and may be among the differences")
    if not result.interrupted:
        found += [f"accepted difference that did not occur: {each}" for each in result.unused]
    return found
