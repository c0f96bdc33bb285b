"""Write the frame of every page. A page is one self-contained file, light or dark, for screens, phones and
paper. Pure.
"""

from html import escape
from importlib.resources import files
from string import Template

from gateways.trace.axis import ms, ticks

PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="generator" content="gateways $version">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$style</style>
</head>
<body>
$body
<script>
$script</script>
</body>
</html>
"""
)

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content-Security-Policy: the page may not load anything."""


def page(title: str, body: str, version: str, package: str = "gateways.trace") -> str:
    """Return a page with that title (text) and body (HTML). The package's page.css, after base.css, and its page.js are
    included.
    """
    return PAGE.substitute(
        policy=POLICY,
        version=escape(version),
        title=escape(title),
        style=_asset("gateways.trace", "base.css") + _asset(package, "page.css"),
        body=body,
        script=_asset(package, "page.js"),
    )


def element(name: str, *content: str, **attributes: str | int | None) -> str:
    """Return an element around content, which is HTML. `class_` becomes `class`, other underscores become dashes; None
    omits the attribute.
    """
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{text}>{''.join(content)}</{name}>"


def section(title: str, note: str, *content: str, name: str) -> str:
    """Return a section with a heading; `name` is its id."""
    text = element("p", escape(note)) if note else ""
    return element("section", element("h2", escape(title)), text, *content, id=name)


def facts(pairs: list[tuple[str, str]]) -> str:
    """Return names and values in large type, for the top of the page."""
    return element(
        "dl",
        *(element("div", element("dt", escape(name)), element("dd", escape(value))) for name, value in pairs),
        class_="facts",
    )


def axis(end: float) -> str:
    """Return the ticks below an axis from 0 to `end`, in seconds."""
    spans = [
        element(
            "span",
            escape(ms(at)) if at else "0",
            style=f"left:{at / end:.2%}",
            class_="late" if at > 0.93 * end and at else None,
        )
        for at in ticks(end)
    ]
    return element("div", *spans, class_="ticks", aria_hidden="true")


def _asset(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
