"""Differences merged, accepted, shown and written."""

import json
from dataclasses import replace

import pytest

from gateways.diff.accepted import Accepted, apply, read, write
from gateways.diff.document import to_json
from gateways.diff.judge import Found, Judged, judge
from gateways.diff.page import render
from gateways.diff.result import Result, SentRequest, Side, together
from gateways.diff.terminal import lines, verdict
from gateways.failure import Failure
from tests.gateways.diff.making import answer

OLD, NEW = Side("shop:app@gunicorn", "shop:app (WSGI) on gunicorn 27"), Side("@uvicorn", "shop:app …", "WSGIToASGI")


def result(*judged: list[Judged], **more: object) -> Result:
    asked = tuple(SentRequest(f"GET /{number}", f"x, line {number}", (200,), (200,)) for number, _ in enumerate(judged))
    return replace(Result(OLD, NEW, asked, tuple(together(judged))), **more)  # type: ignore[arg-type]


def lost(name: str = "x-a", old: str = "1") -> Judged:
    return Judged(Found(f"header:{name}", old, "(absent)"), 2, 2)


def said(made: Result) -> str:
    return "\n".join(line.plain for line in lines(made))


def test_the_same_difference_in_several_requests_is_merged() -> None:
    (difference,) = result([lost()], [], [lost()]).differences
    assert (difference.requests, difference.times, difference.asked) == ((0, 2), 4, 4)


def test_a_cookie_lost_in_several_requests_is_one_difference_with_any_values() -> None:
    made = result(*([Judged(Found("cookie:s", value, "(absent)"), 2, 2)] for value in "abc"))
    assert [each.requests for each in made.differences] == [(0, 1, 2)]
    assert "cookie:s lost" in said(made)
    assert "cookie:s new" in said(result([Judged(Found("cookie:s", "(absent)", "a"), 2, 2)]))


def test_a_header_lost_in_several_requests_is_one_difference_with_one_of_its_values() -> None:
    (found,) = result(*([Judged(Found("header:link", value, "(absent)"), 2, 2)] for value in "abc")).differences
    assert (found.requests, found.found.old, found.found.lines) == ((0, 1, 2), "several values", ("-a",))
    (found,) = result(*([Judged(Found("header:link", "(absent)", value), 2, 2)] for value in "ab")).differences
    assert (found.found.new, found.found.lines) == ("several values", ("+a",))


def test_formal_differences_are_listed_once_and_not_counted() -> None:
    made = result([lost("server", "a")], [lost("server", "b")])
    assert len(made.differences) == 1
    assert made.counted == []
    assert replace(made, strict=True).counted == list(made.differences)
    assert verdict(made).startswith("same: 2 requests")


def test_ignored_facets_are_left_out() -> None:
    assert together([[lost("x-a"), lost("x-b")]], ["header:x-[a]"])[0].found.facet == "header:x-b"


def test_the_verdict_counts_differences_and_requests() -> None:
    made = result([lost("a"), lost("b")], [lost("a")], [])
    assert verdict(made) == "2 differences, in 2 of 3 requests (rounds: 2 × old, 2 × new)"
    assert verdict(replace(made, interrupted=True)).startswith("interrupted: ")
    assert verdict(result()) == "no request got a response from either stack"


def test_a_request_without_a_response_from_either_stack_proves_nothing() -> None:
    silent = SentRequest("GET /9", "x, line 9", (None, None), (None,))
    made = result([])
    made = replace(made, asked=(*made.asked, silent))
    assert verdict(made) == (
        "not compared: 1 of 2 requests got no response from either stack (rounds: 2 × old, 2 × new)"
    )
    assert next(line for line in lines(made) if line.plain == verdict(made)).style == "bold yellow"
    assert verdict(replace(made, asked=(silent,))) == "no request got a response from either stack"
    found = result([lost()])
    assert verdict(replace(found, asked=(*found.asked, silent))).startswith("1 difference, in 1 of 2 requests")


def test_the_terminal_names_the_facet_the_requests_and_the_clause() -> None:
    stream = judge([answer(blocks=((0.0, 1), (0.5, 1)))] * 2, [answer(blocks=((0.5, 2),))] * 2)
    text = said(result(stream, left_out=("left out: 1 entry",), noise={"header:date": 1}, unused=("body in *",)))
    assert "stream  2 blocks from 0 ms to 500 ms → 1 block after 500 ms" in text
    assert "GET /0  (x, line 0)" in text
    assert "PEP 3333, Buffering and Streaming" in text
    assert "docs/adapters/wsgi-to-asgi.md" in text
    assert "left out: 1 entry" in text
    assert "Ignored as noise (the old stack's own responses differ): header:date in 1 request" in text
    assert "accepted difference that did not occur: body in *" in text


def test_a_request_that_was_sent_several_times_is_named_once_with_its_number() -> None:
    labels = ["GET /", "GET /", "GET /a", "GET /b", "GET /c", "GET /c"]
    asked = tuple(SentRequest(label, "", (200,), (200,)) for label in labels)
    made = Result(OLD, NEW, asked, tuple(together([[lost()]] * len(labels))))
    assert "in 6 requests: GET / (2 ×), GET /a, GET /b and 2 more" in said(made)


def test_text_from_a_server_cannot_move_the_cursor() -> None:
    text = said(result([Judged(Found("header:x", "\x1b[2J", "(absent)"), 1, 2)]))
    assert "\x1b" not in text
    assert "in 1 of 2 responses" in text


def test_the_json_is_complete_and_plain() -> None:
    document = json.loads(json.dumps(to_json(result([lost()], [lost("server")]))))
    assert document["schema"] == 1
    assert document["same"] is False
    assert [(each["facet"], each["counted"], each["requests"]) for each in document["differences"]] == [
        ("header:x-a", True, [0]),
        ("header:server", False, [1]),
    ]
    assert document["requests"][1] == {"request": "GET /1", "origin": "x, line 1", "old": [200], "new": [200]}


def test_the_page_escapes_text_from_a_server() -> None:
    page = render(result([Judged(Found("body", "<script>x</script>", "&", ("-<b>",)), 2, 2)]), "1")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "&lt;b&gt;" in page


def test_a_written_file_accepts_exactly_the_current_differences() -> None:
    made = result([lost("a"), lost("b")], [lost("a")], [])
    accepted = read(write(made), "x")
    assert apply(made, accepted).counted == []
    later = result([lost("a"), lost("b", "2")], [lost("a")], [lost("a")])
    assert sorted((each.found.facet, each.requests) for each in apply(later, accepted).counted) == [
        ("header:a", (2,)),
        ("header:b", (0,)),
    ]


def test_accepted_differences_that_no_longer_occur_are_reported() -> None:
    assert apply(result([]), [Accepted("header:gone")]).unused == ("header:gone in *",)


def test_patterns_and_reasons_are_kept() -> None:
    text = '{"gateways-accepted": 1, "differences": [{"facet": "header:*", "requests": ["GET /[0]"], "reason": "cdn"}]}'
    made = apply(result([lost()], [lost()]), read(text, "x"))
    assert [each.requests for each in made.counted] == [(1,)]
    assert [each.accepted for each in made.differences] == [None, "cdn"]
    assert read(write(result(), read(text, "x")), "x") == read(text, "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x, line 1: not JSON"),
        ("{}", "x: not a file of accepted differences"),
        ('{"gateways-accepted": 1}', '"differences" must be a list'),
        ('{"gateways-accepted": 1, "differences": [{}]}', "x, difference 1: got {}"),
        ('{"gateways-accepted": 1, "differences": [{"facet": "date"}]}', "x, difference 1: no facet is named 'date'"),
        ('{"gateways-accepted": 1, "differences": [{"facet": "body", "b": "c"}]}', "unknown field 'b'"),
        ('{"gateways-accepted": 1, "differences": [{"facet": "body", "old": 1}]}', "'old' is 1"),
        ('{"gateways-accepted": 1, "differences": [{"facet": "body", "requests": 1}]}', "'requests' is 1"),
    ],
)
def test_an_invalid_file_is_refused_with_the_place_of_the_error(text: str, message: str) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "x")
    assert message in str(caught.value)


def test_the_pattern_body_matches_every_difference_in_a_body() -> None:
    judged = [[Judged(Found("body:/html/body/p[3]/text()", "a", "b"), 1, 1)]]
    for pattern in ("body", "body:*", "body:/html/body/p[3]/text()"):
        assert together(judged, [pattern]) == []
        assert Accepted(pattern).fits(together(judged)[0], ["GET /"])
    assert len(together(judged, ["body:/html/head/*"])) == 1
