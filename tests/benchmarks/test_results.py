"""The verdicts on claims for handmade records, and their page."""

from dataclasses import replace
from functools import cache

import pytest

from benchmarks.claims import (
    A2WSGI,
    ASGIREF,
    COLD,
    FOUR,
    GTHREAD,
    LOOP,
    LOOP_BEHIND_THREADS,
    LOOP_OF_RUST,
    MANY,
    OURS,
    SOCKETS_BEHIND_THREADS,
    SOCKETS_OF_WSGI,
    WARM,
    Claim,
    claims,
)
from benchmarks.results import PARTS, Part, main, page
from gateways.compare.judge.analysis import Section, sections
from gateways.compare.load.histogram import Histogram
from gateways.compare.plan.effort import EFFORTS
from gateways.compare.plan.scenarios import SCENARIOS
from gateways.compare.question import Question
from gateways.compare.record import Cell, Record
from tests.gateways.compare.making import MS, SECOND, cell, entrant, measured, record

HELLO = {
    LOOP: 37_000.0,
    LOOP_OF_RUST: 43_000.0,
    MANY: 64_000.0,
    FOUR: 12_000.0,
    OURS: 19_000.0,
    A2WSGI: 5400.0,
    LOOP_BEHIND_THREADS: 6600.0,
    COLD: 47.0,
    WARM: 400.0,
}
RATES: dict[str, dict[str, float]] = {
    "hello": HELLO,
    "cpu": {LOOP: 362, FOUR: 264, OURS: 362},
    "wait": {LOOP: 3780, MANY: 3844, FOUR: 79, OURS: 630, LOOP_BEHIND_THREADS: 78},
    "blocking": {LOOP: 20, FOUR: 79, OURS: 310, COLD: 33},
    "stream": {LOOP: 48, MANY: 47, FOUR: 4},
    "idle": {LOOP: 100, MANY: 100, OURS: 0},
    "websocket": {LOOP: 30_000, **dict.fromkeys((*SOCKETS_BEHIND_THREADS, *SOCKETS_OF_WSGI), 20_000)},
    "slow-readers": {LOOP: 100, FOUR: 96, GTHREAD: 0},
}
FAILING = measured(1400, failed={"status 500": 350})
HELD = {LOOP: 300, MANY: 300, OURS: 32}


def question(name: str) -> Question:
    asked = SCENARIOS[name]
    behind = asked.behind.connections if asked.behind else 0
    return Question(
        name,
        asked.reveals,
        "GET /",
        asked.load,
        asked.service,
        behind,
        headline=asked.headline,
        role=asked.role,
        small=asked.small,
    )


def cells(name: str, rates: dict[str, float], gap: float) -> list[Cell]:
    asked = SCENARIOS[name]
    more = {"connections": max(asked.connections), "phase": "long" if asked.load == "long" else "capacity"}
    seconds = 4 * SECOND if name != "hello" else SECOND // 4
    rounds = [(0, 0)] if asked.load == "long" else [(start, number) for start in range(2) for number in range(2)]
    return [
        cell(
            contender,
            measured(
                rate,
                9,
                window=seconds,
                gap=Histogram([int(gap * MS)] * 50),
                begun=HELD.get(contender, 0),
                failed={} if rate else {"timeout": 100},
            ),
            question(name),
            **more,
            start=start,
            round=number,
        )
        for contender, rate in rates.items()
        for start, number in rounds
    ]


@cache
def scenario(name: str, rates: tuple[tuple[str, float], ...], gap: float = 50.0) -> Record:
    failing = [replace(each, contender=ASGIREF, measured=FAILING) for each in cells(name, {ASGIREF: 1400}, gap)]
    every = [*cells(name, dict(rates), gap), *(failing if name == "hello" else [])]
    return record(every, [question(name)], options={"rounds": 3, "starts": 4})


@cache
def shown(name: str, rates: tuple[tuple[str, float], ...], gap: float) -> list[Section]:
    return sections(scenario(name, rates, gap))


def judged(rates: dict[str, dict[str, float]] = RATES, gap: float = 50.0) -> dict[str, Claim]:
    found = [each for name, of in rates.items() for each in shown(name, tuple(of.items()), gap)]
    return {each.said: each for each in claims(found)}


def test_single_runs_give_the_expected_verdicts() -> None:
    assert {said: claim.verdict for said, claim in judged().items()} == {
        "Async is always faster.": "false",
        "The interface decides how fast a server is.": "false",
        "Async makes work in Python faster.": "no difference seen",
        "WSGI cannot stream.": "false",
        "CGI is 100 times slower.": "conditional",
        "Async needs no threads.": "conditional",
        "Just make it async.": "false",
        "Adapters are slow.": "conditional",
        "A sync app on an async server scales like an async app.": "false",
        "An async app on a sync server still scales.": "false",
        "WSGI cannot do WebSockets.": "conditional",
        "Threads do not scale.": "conditional",
        "A few slow clients stop a sync server.": "conditional",
    }
    assert (
        "64,000 requests/s with wsgi granian-wsgi·≤512 and 43,000 with asgi granian-asgi. In `wait`"
        in judged()["Async is always faster."].seen
    )
    assert "With asgiref, 50 % of the requests fail" in judged()["Adapters are slow."].seen


@pytest.mark.parametrize(
    ("asked", "rates", "said", "verdict"),
    [
        ("hello", {MANY: 9000.0}, "Async is always faster.", "conditional"),
        ("hello", {MANY: 43_000.0}, "Async is always faster.", "conditional"),
        (
            "hello",
            dict.fromkeys((LOOP_OF_RUST, MANY, FOUR), 37_000.0),
            "The interface decides how fast a server is.",
            "no difference seen",
        ),
        ("hello", {COLD: 37_000.0}, "CGI is 100 times slower.", "no difference seen"),
        ("hello", {WARM: 47.0}, "CGI is 100 times slower.", "conditional"),
        ("hello", {OURS: 37_000.0, A2WSGI: 36_900.0}, "Adapters are slow.", "no difference seen"),
        ("cpu", {LOOP: 600.0}, "Async makes work in Python faster.", "true"),
        ("cpu", {LOOP: 385.0}, "Async makes work in Python faster.", "false"),
        ("cpu", {LOOP: 250.0}, "Async makes work in Python faster.", "false"),
        ("blocking", {LOOP: 60.0}, "Just make it async.", "no difference seen"),
        ("blocking", {LOOP: 320.0}, "Just make it async.", "true"),
        ("blocking", {LOOP: 320.0}, "Async needs no threads.", "true"),
        ("wait", {OURS: 3500.0}, "A sync app on an async server scales like an async app.", "true"),
        ("websocket", dict.fromkeys(SOCKETS_BEHIND_THREADS, 0.0), "WSGI cannot do WebSockets.", "true"),
        ("wait", {MANY: 600.0}, "Threads do not scale.", "true"),
    ],
)
def test_other_figures_give_other_verdicts(asked: str, rates: dict[str, float], said: str, verdict: str) -> None:
    assert judged(rates=RATES | {asked: RATES[asked] | rates})[said].verdict == verdict


def test_contenders_without_a_significant_difference_are_reported_as_such() -> None:
    seen = judged()["Async makes work in Python faster."].seen
    assert "362 requests/s with asgi uvicorn and 362 with wsgi-on-asgi uvicorn ours·32 (no difference seen)" in seen


def test_a_verdict_from_one_run_is_marked() -> None:
    once = {said: claim.once for said, claim in judged().items()}
    assert once["The interface decides how fast a server is."] == ""
    assert once["Just make it async."] == "measured once"
    assert once["CGI is 100 times slower."] == "partly measured once"


def test_the_factor_for_cgi_is_the_ratio_of_the_table() -> None:
    seen = judged()["CGI is 100 times slower."].seen
    assert (
        "the throughput of cgi uvicorn cold is 0.0013 times (1/770) that of asgi uvicorn. "
        "The throughput of cgi uvicorn warm is 0.011 times (1/91) that of asgi uvicorn." in seen
    )


def test_delayed_blocks_do_not_count_as_a_stream() -> None:
    assert judged(gap=0.2)["WSGI cannot stream."].verdict == "conditional"


def test_without_figures_no_verdict_is_given() -> None:
    claim = judged(rates={name: of for name, of in RATES.items() if name != "wait"})["Threads do not scale."]
    assert (claim.verdict, claim.seen) == ("not measured", f"Not measured: {LOOP} in wait.")


def test_every_claim_has_its_scenario_in_the_runs() -> None:
    measured_ones = {(name, contender) for part in PARTS for name in part.scenarios for contender in part.contenders}
    assert {(name, contender) for name, of in RATES.items() for contender in of} <= measured_ones
    assert all(claim.verdict != "not measured" for claim in judged().values())


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_runs_is_a_possible_comparison(part: Part) -> None:
    plan = part.plan(EFFORTS["usual"], 1)
    assert [each.id for each in plan.contenders] == list(part.contenders)
    assert plan.seconds < 240


def test_the_page_shows_its_method_before_the_claims_and_the_figures() -> None:
    one = scenario("hello", tuple(HELLO.items()))
    one.entrants = [replace(entrant(each.id), command=("python", "-m", each.server)) for each in one.entrants]
    text = page([one])
    order = [
        "Generated on 2026-11-20 by `make results`",
        "in 3 rounds of each of 4 starts",
        "| Just make it async. | **not measured** |",
    ]
    order += ["### hello: GET / by 64 clients", "## Doubts", "python -m uvicorn"]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_an_unknown_option_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fast"]) == 2
    assert capsys.readouterr().err == "unknown option --fast; choose from --short, --again and --force\n"
