"""Write the timeline as a page: a table of the generations, their streams as bars on one axis, and their
steps. Pure.
"""

from html import escape

from gateways.events.printable import printable
from gateways.timeline.document import REPEATS, Run, Timeline, times
from gateways.trace.axis import ms
from gateways.trace.html import axis, element, page
from gateways.trace.page import sequence

WARM = f"After one warm-up request, {REPEATS} requests were sent. This one took the median time."
COLUMNS = ("", "is called", "runs in", "takes", "first byte", "in total", "cannot")


def render(timeline: Timeline) -> str:
    """Return the page."""
    served = timeline.runs[-1].hello.served
    origin = (
        f"Recorded with gateways {served.gateways} on Python {served.python}. "
        "The generations ran one after the other, on one machine."
    )
    body = [
        _header(timeline),
        _table(timeline),
        _bars(timeline),
        _sequences(timeline),
        element("footer", element("p", escape(origin))),
    ]
    return page("Five generations: CGI, WSGI, ASGI", "\n".join(body), served.gateways)


def _header(timeline: Timeline) -> str:
    first, last = timeline.runs[0].generation, timeline.runs[-1].generation
    parts = [
        element("p", "<b>gateways</b> timeline", class_="brand"),
        element("h1", f"{escape(first.name)} {first.year} → {escape(last.name)} {last.year}"),
        element(
            "p",
            "One request through five generations of interfaces, each on a real server: ",
            element("code", escape(timeline.hello)),
            f". {WARM}",
            class_="lead",
        ),
    ]
    if timeline.problem:
        parts.append(element("p", escape(printable(timeline.problem)), class_="problem", role="alert"))
    return element("header", *parts)


def _table(timeline: Timeline) -> str:
    head = element("tr", *(element("th", name, scope="col") for name in COLUMNS))
    return element(
        "section",
        element("h2", "Side by side"),
        element(
            "p",
            "For each generation: the form of the app, the steps and time of one request, and its limits.",
        ),
        element(
            "table",
            element("thead", head),
            element("tbody", *(_row(run) for run in timeline.runs)),
            class_="generations",
        ),
    )


def _row(run: Run) -> str:
    generation = run.generation
    first, last = times(run.hello)
    signature = "a program, app.py" if generation.mode == "cgi" else run.hello.served.signature
    steps = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in run.calls)
    cells = (
        element("code", escape(signature)) + element("small", escape(generation.news)),
        escape(run.where),
        f"<b>{sum(count for _, count in run.calls)} steps</b> " + element("small", escape(steps)),
        escape(_time(first)),
        escape(_time(last)),
        escape(generation.cannot),
    )
    return element(
        "tr",
        element("th", element("b", escape(generation.name)), " ", element("small", str(generation.year)), scope="row"),
        *(element("td", cell, data_name=name) for name, cell in zip(COLUMNS[1:], cells, strict=True)),
        class_=generation.mode,
    )


def _bars(timeline: Timeline) -> str:
    end = timeline.end
    return element(
        "section",
        element("h2", "Time to the first byte"),
        element(
            "p",
            element("code", escape(timeline.stream)),
            " returns five blocks, sent 100 ms apart. A ring marks a block that the app sends, "
            "and a dot marks data on the socket.",
        ),
        element(
            "div",
            *(_bar(run, end) for run in timeline.runs),
            axis(end),
            class_="bars",
        ),
    )


def _bar(run: Run, end: float) -> str:
    first, last = times(run.stream)
    delay = f"; held back for up to {ms(run.held)}" if run.held is not None else ""
    text = f"first byte {_time(first)}, all {_time(last)}"
    parts = [element("i", class_="wait", style=f"left:0;width:{(first or end) / end:.2%}")]
    if first is not None and last is not None:
        parts.append(element("i", class_="flow", style=f"left:{first / end:.2%};width:{(last - first) / end:.2%}"))
    parts += [element("i", class_="made", style=f"left:{at / end:.2%}") for at in run.made]
    parts += [element("i", class_="sent", style=f"left:{at / end:.2%}") for at in run.sent]
    name = element("b", escape(run.generation.name)) + element("small", escape(text))
    return element(
        "div",
        element("div", name, class_="name"),
        element("div", *parts, class_="track"),
        class_=f"bar {run.generation.mode}",
        role="img",
        aria_label=f"{run.generation.name}: {text}{delay}",
    )


def _sequences(timeline: Timeline) -> str:
    parts = [
        element(
            "details",
            element(
                "summary",
                element("b", escape(run.generation.name)),
                element(
                    "small", escape(f"{run.generation.year}, {run.hello.served.server} {run.hello.served.version}")
                ),
            ),
            sequence(run.hello, f"g{number}-"),
            class_=f"generation {run.generation.mode}",
        )
        for number, run in enumerate(timeline.runs, 1)
    ]
    return element(
        "section",
        element("h2", "Step by step"),
        element("p", "The plain request in each generation. The arrow keys move between the steps."),
        *parts,
    )


def _time(seconds: float | None) -> str:
    return "none came" if seconds is None else ms(seconds)
