"""Rows rendered to lines, for a width and without one."""

from gateways.trace.rows import Row
from gateways.trace.text import fold, heading, lines, summary


def rendered(row: Row, width: int | None = None) -> list[str]:
    return [line.plain for line in lines("asgi", 1, row, width)]


def test_a_row_is_one_line_with_its_time_and_direction_and_text() -> None:
    assert rendered(Row(0.00123, "in", "receive", "{'type': 'http.request'}")) == [
        "ASGI 1       1.23 ms → receive         {'type': 'http.request'}"
    ]
    assert rendered(Row(1.5, "out", "returned")) == ["ASGI 1    1500.00 ms ← returned"]


def test_fields_are_listed_below_in_a_column() -> None:
    fields = (("type", ("'http'",)), ("headers", ("[(b'a', b'1'),", " (b'b', b'2')]")))
    assert rendered(Row(0.0, "in", "scope", fields=fields)) == [
        "ASGI 1       0.00 ms → scope",
        "ASGI 1                 type     'http'",
        "ASGI 1                 headers  [(b'a', b'1'),",
        "ASGI 1                           (b'b', b'2')]",
    ]


def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost() -> None:
    text = "'200 OK', " + ", ".join(f"('Header-{n}', 'value')" for n in range(10))
    folded = rendered(Row(0.0, "out", "start_response", text, (("name", ("x" * 200,)),)), width=80)
    assert max(map(len, folded)) <= 80
    assert all(line.startswith("ASGI 1  ") for line in folded)
    together = "".join(line[23:].replace(" ", "") for line in folded)
    assert text.replace(" ", "") in together.replace("start_response", "")
    assert [line[9:39].strip() for line in folded[1:3]] == ["", ""]  # the text stays in its column
    assert together.endswith("x" * 200)


def test_text_is_wrapped_after_a_blank_if_possible() -> None:
    assert fold("aaaa bbbb cccc dddd eeee ffff gggg hhhh", 42, 10, 12) == [
        "aaaa bbbb cccc dddd eeee ffff",
        "gggg hhhh",
    ]
    assert fold("x" * 70, 42, 10, 12) == ["x" * 32, "x" * 30, "x" * 8]
    assert fold("x" * 70, None, 10, 12) == ["x" * 70]


def test_a_large_number_is_separated_from_the_text() -> None:
    assert heading("wsgi", 123456, "GET / HTTP/1.1", None)[0].plain == "WSGI 123456 GET / HTTP/1.1"


def test_a_long_heading_is_wrapped_too() -> None:
    folded = heading("asgi", 1, "GET /" + "x" * 100, 80)
    assert [line.plain for line in folded] == ["ASGI 1   GET /" + "x" * 66, "ASGI 1   " + "x" * 34]


def test_a_failed_exchange_is_red() -> None:
    styles = [summary("asgi", 1, "200 · 1", 80, good=good)[0].spans[-1].style for good in (True, False)]
    assert styles == ["bold", "bold red"]
