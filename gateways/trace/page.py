"""Write a trace as a page: the result of the request, all steps to scale on one axis, and a sequence diagram. Pure."""

from collections.abc import Sequence
from html import escape

from gateways.events.printable import printable
from gateways.trace.axis import ms
from gateways.trace.captions import FRAMINGS, letter, thread_name
from gateways.trace.document import CALLS, Trace
from gateways.trace.html import axis, element, facts, page
from gateways.trace.steps import Phase, Step

PHASES: dict[Phase, str] = {
    "before": "Before the request: the app starts",
    "request": "The request",
    "after": "The end: the server stops",
}
PAUSE = 0.05
"""Minimum pause between steps that is shown, as a share of the time of their phase. It must also be at least 1 ms."""


def render(trace: Trace) -> str:
    """Return the page."""
    served = trace.served
    body = [_header(trace), _axis(trace), _steps(trace), _log(trace)]
    versions = f"gateways {served.gateways} on Python {served.python}, {served.server} {served.version}: {served.model}"
    body.append(element("footer", element("p", escape(versions))))
    return page(f"{trace.asked} · {served.target}", "\n".join(body), served.gateways)


def _header(trace: Trace) -> str:
    served = trace.served
    how = f" · {served.interface.upper()} app on {served.server} {served.version}"
    how += f" through {served.adapter}" if served.adapter else ""
    parts = [
        element("p", "<b>gateways</b> trace", class_="brand"),
        element("h1", escape(printable(trace.asked))),
        element("p", element("code", escape(printable(served.target))), escape(how), class_="lead"),
        facts(_facts(trace)),
    ]
    if trace.note:
        parts.append(element("p", escape(trace.note), class_="lead"))
    if trace.problem:
        parts.append(element("p", escape(printable(trace.problem)), class_="problem", role="alert"))
    return element("header", *parts)


def _facts(trace: Trace) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    connection = trace.connection
    if connection and connection.response.start:
        response = connection.response
        found.append(("Status", printable(response.start.partition(" ")[2])))
        found.append(("First byte after", ms(connection.first or 0.0)))
        found.append(("In total", ms(connection.last or 0.0)))
        found.append(("Body", f"{response.length:,} bytes" + ("" if response.complete else ", cut off")))
        found.append(("Framed by", FRAMINGS.get(response.framing, response.framing).partition(":")[0] or "nothing"))
    if trace.hop is not None:
        found.append(("From adapter to app", ms(trace.hop)))
    return found


def _axis(trace: Trace) -> str:
    """Return the axis: the lifelines, with each step at its time."""
    steps = [(number, step) for number, step in enumerate(trace.steps, 1) if step.phase == "request"]
    if not steps:
        return ""
    end = max(step.at for _, step in steps) or 1e-6
    lanes = [
        element(
            "div",
            element("div", element("b", layer), element("small", escape(name))),
            "<i></i>",
            class_=f"lane {layer.lower()}",
        )
        for layer, name in trace.lifelines
    ]
    marks = [_mark(number, step, step.at / end) for number, step in steps]
    return element(
        "section",
        element("h2", "On one axis"),
        element(
            "p",
            f"Drawn to scale: {ms(end)} from the first byte to the last step. Click a mark to see its step.",
        ),
        element(
            "div",
            element("div", *lanes, element("div", *marks, class_="plot"), class_="lanes", aria_hidden="true"),
            axis(end),
            class_="axis",
        ),
    )


def _mark(number: int, step: Step, where: float) -> str:
    ends = sorted((step.source, step.target))
    way = "out" if step.source > step.target else "in"
    return element(
        "a",
        href=f"#s{number}",
        class_=f"{way} {_colour(step)}",
        style=f"--a:{ends[0]};--b:{ends[1]};left:{where:.3%}",
        title=f"{ms(step.at)}  {step.what}",
        tabindex=-1,
    )


def _steps(trace: Trace) -> str:
    tools = element(
        "div",
        '<button type="button" id="open">Open all</button>',
        '<button type="button" id="close">Close all</button>',
        class_="tools",
    )
    return element(
        "section",
        element("h2", "Step by step"),
        element("p", "From top to bottom. Click a step to open it; arrow keys move between steps."),
        tools,
        sequence(trace, "s"),
    )


def sequence(trace: Trace, prefix: str) -> str:
    """Return the sequence diagram; `prefix` starts the id of each step."""
    parts = [_heads(trace)]
    letters = {thread: letter(n) for n, thread in enumerate(trace.threads)}
    numbered = [(f"{prefix}{number}", step) for number, step in enumerate(trace.steps, 1)]
    for phase, title in PHASES.items():
        steps = [(name, step) for name, step in numbered if step.phase == phase]
        if steps:
            parts += [element("h3", title), element("ol", *_items(steps, letters), class_="steps")]
    return element("div", *parts, _threads(letters), class_=f"diagram of{len(trace.lifelines)}")


def _threads(letters: dict[tuple[int, str], str]) -> str:
    """Return the legend of the diagram: the process and thread that each letter stands for."""
    caption = (
        element(
            "span", element("span", letter, class_="who"), escape(f"process {process}, {printable(thread_name(name))}")
        )
        for (process, name), letter in letters.items()
    )
    return element("div", *caption, class_="threads")


def _heads(trace: Trace) -> str:
    return element(
        "div",
        *(
            element("div", element("b", layer), " ", element("small", escape(name)), class_=layer.lower())
            for layer, name in trace.lifelines
        ),
        class_="heads",
    )


def _items(steps: Sequence[tuple[str, Step]], letters: dict[tuple[int, str], str]) -> list[str]:
    whole = steps[-1][1].at - steps[0][1].at
    items: list[str] = []
    before: Step | None = None
    for name, step in steps:
        waited = step.at - before.at if before else 0.0
        if waited > max(0.001, whole * PAUSE):
            items.append(element("li", element("div", escape(f"⋮ {ms(waited)}"), class_="pause")))
        items.append(element("li", _step(name, step, letters.get(step.thread), waited)))
        before = step
    return items


def _step(name: str, step: Step, letter: str | None, waited: float) -> str:
    ends = sorted((step.source, step.target))
    way = "out" if step.source > step.target else "in"
    arrow = element("span", class_=f"arrow {way}", style=f"--a:{ends[0]};--b:{ends[1]}")
    caption = [element("span", letter, class_="who", title=_who(step))] if letter else []
    caption.append(element("span", escape(printable(step.what)), class_="what"))
    caption.append(element("span", escape(printable(step.text)), class_="text"))
    summary = element(
        "summary",
        element("span", escape(ms(step.at)), class_="clock"),
        element("span", arrow, class_="wires"),
        element("span", *caption, class_="said"),
    )
    meta = f"{_who(step)}; {step.at * 1000:,.3f} ms" + (
        f", {waited * 1000:,.3f} ms after the step above" if waited else ""
    )
    more = element("div", _fields(step), element("p", escape(meta), class_="meta"), class_="more")
    is_open = "" if step.phase == "request" and (step.fields or step.wrong) and step.what not in CALLS[1:] else None
    return element("details", summary, more, id=name, class_=f"step {_colour(step)}", open=is_open)


def _who(step: Step) -> str:
    process, name = step.thread
    return f"process {process}, {printable(thread_name(name))}" if process else "at the socket"


def _colour(step: Step) -> str:
    return "wrong" if step.wrong else step.layer


def _fields(step: Step) -> str:
    parts = []
    for name, lines in step.fields:
        value = escape("\n".join(map(printable, lines)))
        parts.append(
            element("dt", escape(printable(name))) + element("dd", value)
            if name
            else element("dd", value, class_="alone")
        )
    return element("dl", *parts, class_="fields") if parts else ""


def _log(trace: Trace) -> str:
    if not trace.log:
        return ""
    lines = "\n".join(f"{line.at * 1000:8.1f}  {printable(line.text.expandtabs())}" for line in trace.log)
    return element(
        "section",
        element("h2", "Written to stdout and stderr"),
        element("p", "Output of the server, the adapter and the app. Each line begins with its time in milliseconds."),
        element("pre", escape(lines), tabindex=0),
    )
