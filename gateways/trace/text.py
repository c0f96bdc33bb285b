"""Convert rows to lines for a terminal or a file. Pure: it must not know a console; the width is a parameter."""

from rich.text import Text

from gateways.trace.rows import Row

ARROWS = {"in": "→", "out": "←", "": " "}
STYLES = {"cgi": "magenta", "wsgi": "green", "asgi": "cyan"}
GUTTER = 9
CLOCK = 12
WHAT = 16
NARROWEST = 24


def heading(mode: str, number: int, text: str, width: int | None) -> list[Text]:
    """Return the lines above the steps of an exchange."""
    return _bold(mode, number, text, "bold", width)


def summary(mode: str, number: int, text: str, width: int | None, *, good: bool) -> list[Text]:
    """Return the lines below the steps. They are red if the exchange failed (`good` is False)."""
    return _bold(mode, number, text, "bold" if good else "bold red", width)


def lines(mode: str, number: int, row: Row, width: int | None) -> list[Text]:
    """Return the lines of a row, each at most `width` columns wide (None: unlimited)."""
    out = [_gutter(mode, number)]
    out[0].append(f"{row.at * 1000:{CLOCK - 4}.2f} ms ", style="dim").append(f"{ARROWS[row.way]} ")
    out[0].append(row.what.ljust(WHAT) if row.text else row.what, style="red" if row.what == "raised" else STYLES[mode])
    if row.text:
        hanging = GUTTER + CLOCK + 2 + WHAT
        first, *rest = fold(row.text, width, hanging, hanging)
        out[0].append(first)
        out += [_gutter(mode, number).append(" " * (hanging - GUTTER) + more) for more in rest]
    longest = max((len(name) for name, _ in row.fields), default=0)
    for name, values in row.fields:
        out += _field(mode, number, name, values, longest, width)
    return out


def fold(text: str, width: int | None, first: int, hanging: int) -> list[str]:
    """Wrap the text. The first line starts after `first` columns, the other lines after `hanging` columns.

    A line breaks after the last blank in its second half, or at the maximum width if that half has no blank.
    """
    pieces = []
    taken = first
    while width is not None and len(text) > (room := max(width - taken, NARROWEST)):
        blank = text.rfind(" ", room // 2, room)
        cut = blank + 1 if blank >= 0 else room
        pieces.append(text[:cut].rstrip())
        text = text[cut:]
        taken = hanging
    return [*pieces, text]


def _bold(mode: str, number: int, text: str, style: str, width: int | None) -> list[Text]:
    return [_gutter(mode, number).append(piece, style=style) for piece in fold(text, width, GUTTER, GUTTER)]


def _field(mode: str, number: int, name: str, values: tuple[str, ...], longest: int, width: int | None) -> list[Text]:
    indent = GUTTER + CLOCK + 2
    hanging = indent + longest + 2
    pieces = [piece for value in values for piece in fold(value, width, hanging, hanging + 1)]
    out = [
        _gutter(mode, number)
        .append(" " * (indent - GUTTER))
        .append(name.ljust(longest + 2), style="dim")
        .append(pieces[0])
    ]
    return out + [_gutter(mode, number).append(" " * (hanging - GUTTER) + piece) for piece in pieces[1:]]


def _gutter(mode: str, number: int) -> Text:
    return Text().append(f"{mode.upper()} {number}".ljust(GUTTER - 1) + " ", style=STYLES[mode])
