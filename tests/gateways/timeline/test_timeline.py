"""Literal traces as generations: figures, lines, a page, and JSON."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateways.events.events import Batch
from gateways.timeline.document import Run, Timeline, median, to_json
from gateways.timeline.generations import GENERATIONS
from gateways.timeline.page import render
from gateways.timeline.text import WIDTH, lines
from gateways.trace.steps import of_batches, of_connection
from gateways.trace.wire import Piece
from tests.gateways.trace.literal import trace

DOCUMENT = (Path(__file__).parents[3] / "docs" / "trace-schema.md").read_text().partition("## gateways.timeline/1")[2]
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [
    Piece(1.0, "in", b"GET / HTTP/1.1\r\n\r\n"),
    Piece(1.1, "out", HEAD),
    Piece(1.3, "out", b"1\r\na\r\n1\r\nb\r\n"),
    Piece(1.4, "out", b"0\r\n\r\n"),
]
MADE = Batch(
    3,
    "wsgi",
    {9: "worker-1"},
    (
        (1.05, 9, 1, "environ", {}),
        (1.06, 9, 1, "start_response", ("200 OK", [], False)),
        (1.1, 9, 1, "block", b"a"),
        (1.25, 9, 1, "block", b"b"),
        (1.26, 9, 1, "block", b""),
    ),
)


def run(number: int = 2) -> Run:
    connection = of_connection(PIECES)
    assert connection is not None
    steps = of_batches([MADE], None, 1.0, frozenset())
    taken = replace(trace(), connection=connection, steps=(*connection.steps, *steps))
    return Run(GENERATIONS[number], taken, taken)


def test_the_times_of_sent_blocks_and_of_data_on_the_socket_are_computed() -> None:
    taken = run()
    assert taken.made == pytest.approx((0.1, 0.25))
    assert taken.sent == pytest.approx((0.3,))
    assert taken.held == pytest.approx(0.2)


def test_the_process_and_the_duration_of_a_generation_are_described() -> None:
    assert run().where == "process 3, worker-1"
    assert run(4).where == "process 3, worker-1, the event loop"
    assert run().calls == (("environ", 1), ("start_response", 1), ("block", 3))


def test_a_cgi_program_has_a_new_process() -> None:
    events = ((1.0, 1, 1, "process", (77, "/a")), (1.1, 2, 1, "stdout", b"x"))
    steps = tuple(of_batches([Batch(3, "cgi", {}, events)], None, 1.0, frozenset()))
    assert replace(run(0), hello=replace(trace(), steps=steps)).where == "a new process, 77"


def test_the_median_trace_is_shown_and_a_failure_takes_precedence() -> None:
    def took(seconds: float) -> object:
        connection = of_connection([*PIECES[:-1], Piece(1.0 + seconds, "out", b"0\r\n\r\n")])
        return replace(trace(), connection=connection)

    traces = [took(0.9), took(0.5), took(0.7)]
    assert median(traces) is traces[2]  # type: ignore[arg-type]
    failed = trace(problem="it broke")
    assert median([*traces, failed]) is failed  # type: ignore[list-item]


def test_the_lines_have_each_generation_and_fit_the_width() -> None:
    timeline = Timeline(tuple(run(number) for number in range(5)), "GET /a HTTP/1.1", "GET /b HTTP/1.1")
    drawn = lines(timeline)
    assert max(line.cell_len for line in drawn) <= WIDTH
    text = "\n".join(line.plain for line in drawn)
    for generation in GENERATIONS:
        assert generation.name in text
        assert str(generation.year) in text
    (bar,) = (line for line in text.splitlines() if line.startswith("PEP 3333") and "first 100 ms" in line)
    marks = {mark: [at - 11 for at, char in enumerate(bar) if char == mark] for mark in "○●◉"}
    assert marks == {"○": [round(0.1 / 0.4 * 55), round(0.25 / 0.4 * 55)], "●": [round(0.3 / 0.4 * 55)], "◉": []}


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_lines_fit_a_terminal_of_another_width(width: int) -> None:
    timeline = Timeline(tuple(run(number) for number in range(5)), "GET /a HTTP/1.1", "GET /b HTTP/1.1")
    drawn = lines(timeline, width)
    assert width - 12 < max(line.cell_len for line in drawn) <= width


def test_the_json_has_the_documented_keys() -> None:
    timeline = Timeline((run(),), "GET /a HTTP/1.1", "GET /b HTTP/1.1")
    made = json.loads(json.dumps(to_json(timeline)))
    assert set(made) == {key for row in DOCUMENT.splitlines() for key in re.findall(r"^\| `(\w+)`", row)}
    (generation,) = made["generations"]
    assert all(f"`{key}`" in DOCUMENT for key in generation)
    assert generation["blocks"] == {"made_ms": [100.0, 250.0], "sent_ms": [300.0]}
    assert generation["held_back_ms"] == 200.0
    assert generation["traces"]["hello"]["schema"] == "gateways.trace/1"


def test_a_problem_names_its_generation() -> None:
    broken = replace(run(), stream=replace(run().stream, problem="it broke"))
    timeline = Timeline((run(), broken), "", "")
    assert timeline.problem == "PEP 3333: it broke"
    assert lines(timeline)[-1].plain == "PEP 3333: it broke"
    assert "PEP 3333: it broke" in render(timeline)


@pytest.mark.parametrize(
    ("output", "made"),
    [
        ((b"A: b\r\n\r\n", b"one", b"two\n\n"), (0.2, 0.3)),
        ((b"A: b\n\none", b"two"), (0.1, 0.2)),
        ((b"A: ", b"b\n\n", b"one"), (0.3,)),
    ],
)
def test_the_response_headers_of_a_cgi_program_are_not_a_block(
    output: tuple[bytes, ...], made: tuple[float, ...]
) -> None:
    events = tuple((1.0 + number / 10, 1, 1, "stdout", data) for number, data in enumerate(output, 1))
    steps = tuple(of_batches([Batch(3, "cgi", {}, events)], None, 1.0, frozenset()))
    assert replace(run(0), stream=replace(trace(), steps=steps)).made == pytest.approx(made)
