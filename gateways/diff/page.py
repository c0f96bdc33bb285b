"""Write a result as an HTML page. It shows each difference with the old and new value side by side, the requests that
show it, and the noise. Pure.
"""

from html import escape

from gateways.diff.known import page_of
from gateways.diff.result import Difference, Result, SentRequest
from gateways.diff.terminal import heading, sentences, short, verdict
from gateways.events.printable import printable
from gateways.trace.html import element, facts, page, section

MAX_REQUESTS = 200
"""Maximum number of requests listed for one difference."""


def render(result: Result, version: str) -> str:
    """Return the page. `version`: the version of this program."""
    body = [_header(result)]
    counted = result.counted
    others = [each for each in result.differences if each not in counted and each.accepted is None]
    accepted = [each for each in result.differences if each.accepted is not None]
    if counted:
        body.append(_differences("Differences", "", counted, result, "differences"))
    if others:
        note = "No client may depend on these parts of a response, so the differences do not count."
        body.append(_differences("From the servers", note, others, result, "others"))
    if accepted:
        body.append(
            _differences(
                "Accepted", "These differences are in the file of accepted differences.", accepted, result, "accepted"
            )
        )
    body += [_noise(result), _requests(result)]
    body.append(element("footer", element("p", escape(f"gateways {version}"))))
    return page(f"diff · {result.old.label} → {result.new.label}", "\n".join(body), version, "gateways.diff")


def _header(result: Result) -> str:
    old, new = result.rounds
    differing = {number for each in result.counted for number in each.requests}
    parts = [
        element("p", "<b>gateways</b> diff", class_="brand"),
        element("h1", escape(printable(verdict(result).partition(" (")[0]))),
        element("p", "old ", element("code", escape(printable(result.old.what))), class_="lead"),
        element("p", "new ", element("code", escape(printable(result.new.what))), class_="lead"),
        facts(
            [
                ("Requests", f"{len(result.asked):,}"),
                ("That differ", f"{len(differing):,}"),
                ("Rounds, old stack", f"{old} times"),
                ("Rounds, new stack", f"{new} times"),
            ]
        ),
    ]
    parts += [element("p", escape(printable(line)), class_="note") for line in sentences(result)]
    return element("header", *parts)


def _differences(title: str, note: str, differences: list[Difference], result: Result, name: str) -> str:
    return section(title, note, *(_difference(each, result) for each in differences), name=name)


def _difference(each: Difference, result: Result) -> str:
    found = each.found
    often = f"in {each.times} of {each.asked} responses" if each.times < each.asked else ""
    parts = [
        element(
            "h3", element("code", escape(printable(heading(found)))), element("span", escape(often), class_="often")
        ),
        element("div", _value("old", found.old), _value("new", found.new), class_="sides"),
    ]
    if found.lines:
        parts.append(element("pre", "\n".join(_line(line) for line in found.lines), tabindex="0"))
    if each.known is not None:
        shown = page_of(found, result.new.adapter)
        more = f" ({each.known.clause})" if each.known.clause else ""
        more += f" See {shown}." if shown else ""
        parts.append(element("p", escape(each.known.says + more), class_="says"))
    if each.accepted is not None:
        parts.append(element("p", escape(printable(f"Accepted: {each.accepted}")), class_="says"))
    if each.requests:
        parts.append(_shown_by([result.asked[number] for number in each.requests]))
    return element("article", *parts)


def _value(side: str, value: str) -> str:
    return element("div", element("b", side), element("code", escape(printable(value)) or "&nbsp;"), class_=side)


def _line(line: str) -> str:
    kind = {"-": "old", "+": "new"}.get(line[:1])
    return element("span", escape(printable(line)), class_=kind)


def _shown_by(sent: list[SentRequest]) -> str:
    more = f" and {len(sent) - 1:,} more" if len(sent) > 1 else ""
    text = escape(short(sent[0].label) + more)
    items = [element("li", element("code", escape(printable(each.label)))) for each in sent[:MAX_REQUESTS]]
    if len(sent) > MAX_REQUESTS:
        items.append(element("li", f"and {len(sent) - MAX_REQUESTS:,} more"))
    return element("details", element("summary", text), element("ul", *items))


def _noise(result: Result) -> str:
    if not result.noise:
        return ""
    items = [
        element(
            "li", element("code", escape(printable(name))), f" in {count:,} {'request' if count == 1 else 'requests'}"
        )
        for name, count in result.noise.items()
    ]
    note = (
        "In these parts of the responses, the old stack's own responses differ. The new stack's may differ there too."
    )
    return section("Noise", note, element("ul", *items, class_="noise"), name="noise")


def _requests(result: Result) -> str:
    differing = {number for each in result.counted for number in each.requests}
    rows = [
        element(
            "li",
            element("code", escape(printable(each.label))),
            element("span", f"{_statuses(each.old)} → {_statuses(each.new)}"),
            class_="differs" if number in differing else None,
        )
        for number, each in enumerate(result.asked)
    ]
    whole = element("details", element("summary", f"{len(rows):,} requests"), element("ol", *rows, class_="asked"))
    return section("Requests", "In the order in which they were sent, with the status from each stack.", whole,
                   name="requests")  # fmt: skip


def _statuses(statuses: tuple[int | None, ...]) -> str:
    return "/".join(dict.fromkeys("none" if each is None else str(each) for each in statuses))
