"""A literal trace drawn for a terminal."""

from dataclasses import replace

import pytest

from gateways.trace.diagram import diagram
from gateways.trace.steps import Step
from tests.gateways.trace.literal import trace

DRAWN = """\
GET /a HTTP/1.1
main:app · ASGI app on uvicorn 0.1

          TRANSPORT  PROTOCOL  APPLICATION
      ms   socket     uvicorn     ASGI
              │          │          │   ── before the request: the app starts
 -500.00 a    │          ├─────────▶│   scope
              │          │          │     type  'lifespan'
       ⋮      │          │          │   ⋮ 100 ms
 -400.00 a    │          ├─────────▶│   receive lifespan.startup
              │          │          │   ── the request
    0.00      ├─────────▶│          │   28 bytes  GET /a HTTP/1.1
              │          │          │     Host: h
    1.00 a    │          ├─────────▶│   scope
              │          │          │     type     'http'
              │          │          │     path     '/a'
              │          │          │     headers  [(b'host', b'h')]
       ⋮      │          │          │   ⋮ 99.0 ms
  100.00 a    │          │◀─────────┤   send http.response.start  status=200
              │          │          │     content-length  3
  101.00 a    │          │◀─────────┤   send http.response.body  3 bytes  b'abc'
  102.00 a    │          │◀─────────┤   returned
       ⋮      │          │          │   ⋮ 98.0 ms
  200.00      │◀─────────┤          │   38 bytes  HTTP/1.1 200 OK
              │          │          │     Content-Length: 3
  201.00      │◀─────────┤          │   3 bytes  b'abc'
  202.00      ├─────────▶│          │   client closes
              │          │          │   ── the end
  300.00 a    │          ├─────────▶│   receive lifespan.shutdown
  301.00 a    │          │◀─────────┤   returned
              ┴          ┴          ┴

         a  process 7, thread MainThread

200 OK · framed by Content-Length: 3 · 3 bytes · first byte 200 ms · in total 201 ms"""


def plain(*arguments: object, **named: object) -> str:
    return "\n".join(line.plain.rstrip() for line in diagram(*arguments, **named))  # type: ignore[arg-type]


def test_the_diagram_is_drawn_as_expected() -> None:
    assert plain(trace()) == DRAWN


def test_with_an_adapter_there_are_four_lifelines_and_the_time_of_the_hop() -> None:
    drawn = plain(trace("WSGIToASGI")).splitlines()
    assert "          TRANSPORT PROTOCOL   ADAPTER APPLICATION" in drawn
    assert "      ms   socket    uvicorn WSGIToASGI   WSGI" in drawn
    assert "    3.00 b    │         │         ├────────▶│   environ" in drawn
    assert "    4.00 b    │         │         │◀────────┤   start_response  '200 OK'" in drawn
    assert "              │         │         │         │     and 1 more: asgi.scope" in drawn
    assert drawn[-1] == "WSGIToASGI called the app after 2.00 ms"


def test_output_and_errors_are_shown_and_cannot_move_the_cursor() -> None:
    drawn = plain(trace("WSGIToASGI", problem="it broke"))
    assert "raised  ValueError('x\\x1b') at app.py:3" in drawn
    assert "      50  said    this \\x1b[31m" in drawn
    assert drawn.endswith("\nit broke")
    assert all(line.isprintable() for line in drawn.splitlines())


@pytest.mark.parametrize("width", [76, 90, 100, 140])
def test_no_line_exceeds_the_width(width: int) -> None:
    wide = Step(0.0, "request", "protocol", "asgi", 1, 2, "scope", "y" * 300, (("x" * 50, ("z" * 500, "w " * 90)),))
    drawn = diagram(replace(trace("WSGIToASGI"), steps=(wide,), asked="GET /" + "a" * 200), width)
    assert max(line.cell_len for line in drawn) <= width


def test_the_first_and_last_steps_of_a_long_body_are_drawn() -> None:
    blocks = tuple(Step(n / 1000, "request", "application", "wsgi", 2, 1, "block", f"number {n}") for n in range(100))
    drawn = plain(replace(trace(), steps=blocks))
    assert "⋮ 76 more steps like these; --json and --html have them all" in drawn
    assert [f"number {n}\n" in drawn for n in (0, 17, 18, 93, 94, 99)] == [True, True, False, False, True, True]


def test_without_a_connection_the_problem_is_shown() -> None:
    drawn = plain(replace(trace(problem="it did not start"), connection=None, steps=()))
    assert drawn.splitlines()[-1] == "it did not start"


def test_only_failures_are_red() -> None:
    styles = {str(span.style) for line in diagram(trace()) for span in line.spans}
    assert not any("red" in style for style in styles)
    styles = {str(span.style) for line in diagram(trace("WSGIToASGI")) for span in line.spans}
    assert "bold red" in styles
