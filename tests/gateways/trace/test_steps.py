"""Steps between lifelines, from literal pieces and events."""

import pytest

from gateways.events.events import Batch, Body, Event
from gateways.trace.steps import Step, by_request, lifespans_of, of_batches, of_connection, of_event
from gateways.trace.wire import Piece
from tests.gateways.trace.literal import ASGI, PIECES, WSGI, trace


def made(kind: str, data: object) -> Step:
    step = of_event((1.5, 1, 1, kind, data), began=1.0, interface="x")
    assert step is not None
    return step


def test_the_bytes_of_a_connection_are_steps_between_client_and_server() -> None:
    connection = of_connection(PIECES)
    assert connection is not None
    assert [(step.source, step.target, step.what, step.text) for step in connection.steps] == [
        (0, 1, "28 bytes", "GET /a HTTP/1.1"),
        (1, 0, "38 bytes", "HTTP/1.1 200 OK"),
        (1, 0, "3 bytes", "b'abc'"),
        (0, 1, "client closes", ""),
    ]
    assert connection.steps[0].fields == (("", ("Host: h",)),)
    assert (connection.began, connection.response.status, connection.response.complete) == (10.0, 200, True)
    assert connection.first == pytest.approx(0.2)
    assert connection.last == pytest.approx(0.201)


def test_without_data_there_is_no_connection() -> None:
    assert of_connection([]) is None
    assert of_connection([Piece(1.0, "in", b"")]) is None


@pytest.mark.parametrize(
    ("kind", "data", "what", "text", "fields", "ends", "layer"),
    [
        ("scope", {"type": "http"}, "scope", "", (("type", ("'http'",)),), (1, 2), "protocol"),
        (
            "send",
            {"type": "http.response.start", "status": 200, "headers": [(b"a", b"\xe9")]},
            "send http.response.start",
            "status=200",
            (("a", ("é",)),),
            (2, 1),
            "application",
        ),
        (
            "send",
            {"type": "http.response.body", "body": Body(900, b"xy"), "more_body": True},
            "send http.response.body",
            "900 bytes  b'xy'…  more_body=True",
            (),
            (2, 1),
            "application",
        ),
        (
            "receive",
            {"type": "http.request", "body": b"", "more_body": False},
            "receive http.request",
            "more_body=False",
            (),
            (1, 2),
            "application",
        ),
        (
            "start_response",
            ("200 OK", [("A", "b")], True),
            "start_response",
            "'200 OK', exc_info",
            (("A", ("b",)),),
            (2, 1),
            "application",
        ),
        ("block", b"x", "block", "1 byte  b'x'", (), (2, 1), "application"),
        ("stdout", b"", "stdout", "closed", (), (2, 1), "application"),
        ("stdin", b"ab", "stdin", "2 bytes  b'ab'", (), (1, 2), "application"),
        ("answer", (200, [(b"a", b"b")]), "response headers", "200", (("a", ("b",)),), (2, 1), "protocol"),
        ("exit", 0, "exit", "0", (), (2, 1), "application"),
    ],
)
def test_each_kind_of_event_has_its_step(
    kind: str, data: object, what: str, text: str, fields: object, ends: tuple[int, int], layer: str
) -> None:
    step = made(kind, data)
    assert (step.what, step.text, step.fields, (step.source, step.target), step.layer) == (
        what,
        text,
        fields,
        ends,
        layer,
    )
    assert (step.at, step.wrong) == (0.5, False)


@pytest.mark.parametrize(("kind", "data"), [("raised", "ValueError('x')"), ("exit", 1), ("exit", -9)])
def test_failures_are_marked(kind: str, data: object) -> None:
    assert made(kind, data).wrong


@pytest.mark.parametrize("headers", [None, "none", [1, 2], [(b"a",)]])
def test_invalid_headers_are_shown_unchanged(headers: object) -> None:
    step = made("send", {"type": "http.response.start", "status": 200, "headers": headers})
    assert step.fields == (
        () if headers is None else (("headers", (repr(list(headers) if isinstance(headers, list) else headers),)),)
    )


def test_lifespan_steps_are_before_and_after_the_request() -> None:
    assert [(step.phase, step.what) for step in trace().steps if step.phase != "request"] == [
        ("before", "scope"),
        ("before", "receive lifespan.startup"),
        ("after", "receive lifespan.shutdown"),
        ("after", "returned"),
    ]


def test_a_lifespan_that_began_during_another_request_is_recognised() -> None:
    later = Batch(7, "asgi", {}, ASGI.events[-2:])
    steps = of_batches([later], None, 10.0, lifespans_of([ASGI]))
    assert [step.phase for step in steps] == ["after", "after"]


def test_with_an_adapter_the_apps_steps_are_one_lifeline_further() -> None:
    steps = [step for step in trace("WSGIToASGI").steps if step.phase == "request"]
    assert [(step.source, step.target) for step in steps if step.interface == "asgi"] == [
        (1, 2),
        (2, 1),
        (2, 1),
        (2, 1),
    ]
    assert [(step.source, step.target) for step in steps if step.interface == "wsgi"] == [(2, 3), (3, 2), (3, 2)]
    assert {step.layer for step in steps if step.interface == "asgi"} == {"protocol"}


def test_each_step_names_its_process_and_thread() -> None:
    assert trace("WSGIToASGI").threads == ((7, "MainThread"), (7, "worker-1"))


def test_steps_of_a_cgi_program_are_in_its_own_process() -> None:
    events: tuple[Event, ...] = (
        (1.0, 5, 1, "environment", {}),
        (1.1, 5, 1, "process", (99, "/a.cgi")),
        (1.2, 6, 1, "stdout", b"x"),
    )
    steps = of_batches([Batch(7, "cgi", {5: "MainThread"}, events)], None, 1.0, frozenset())
    assert [step.thread for step in steps] == [(7, "MainThread"), (7, "MainThread"), (99, "the program")]


def events_of(found: list[list[Batch]]) -> list[list[Event]]:
    return [[event for batch in part for event in batch.events] for part in found]


def test_only_the_lifespan_of_earlier_requests_is_kept() -> None:
    latest = max(event[0] for batch in (ASGI, WSGI) for event in batch.events)
    (kept,) = by_request([[ASGI, WSGI]], [latest + 1])
    assert [event[3] for batch in kept for event in batch.events] == ["scope", "receive", "receive", "returned"]
    assert {event[2] for batch in kept for event in batch.events} == {1}


def test_an_exchange_whose_events_all_arrive_late_belongs_to_the_previous_request() -> None:
    """The events of an adapter's two interfaces are sent separately, and a busy machine may delay those of one
    interface.
    """
    late: Event = (0.5, 1, 1, "environ", {})
    own: Event = (1.5, 1, 2, "environ", {})
    assert events_of(by_request([[Batch(7, "wsgi", {}, (late, own))]], [1.0])) == [[own]]


def test_a_late_event_belongs_to_the_request_of_its_exchange() -> None:
    first: Event = (1.0, 1, 1, "environment", None)
    late: Event = (2.1, 1, 1, "exit", 0)
    second: Event = (2.0, 1, 2, "environment", None)
    found = by_request([[Batch(7, "cgi", {}, (first,))], [Batch(7, "cgi", {}, (second, late))]], [0.9, 1.9])
    assert events_of(found) == [[first, late], [second]]


def test_events_of_a_lifespan_stay_with_the_request_during_which_they_occurred() -> None:
    begin: Event = (1.0, 1, 1, "scope", {"type": "lifespan"})
    end: Event = (9.0, 1, 1, "end", None)
    parts = [[Batch(7, "asgi", {}, (begin,))], [Batch(7, "asgi", {}, (end,))]]
    assert by_request(parts, [5.0, 8.0]) == parts
