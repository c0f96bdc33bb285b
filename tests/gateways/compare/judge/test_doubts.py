"""Each reason to doubt, with a record that causes it. A good record causes none."""

from dataclasses import replace
from typing import Any

import pytest

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.doubts import doubts
from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import Answer
from gateways.compare.machine import Placement, Resources
from gateways.compare.record import Exclusion, Record
from tests.gateways.compare.making import (
    HELLO,
    IDLE,
    MS,
    STEADY,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    scaled,
    slices,
)

UPLOAD = replace(WAIT, name="upload", service=None)
GOOD = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4))]


def found(made: Record) -> dict[str, str]:
    return {doubt.name: doubt.what for doubt in doubts(made, sections(made))}


def on(**machine: Any) -> Record:
    made = record(GOOD)
    return replace(made, machine=replace(made.machine, **machine))


def test_without_a_reason_no_doubt_is_reported() -> None:
    assert found(record(GOOD)) == {}


@pytest.mark.parametrize(
    ("made", "name", "said"),
    [
        (record(GOOD, placement=Placement((0,), (0,))), "one-core", "latency"),
        (
            record(GOOD, placement=Placement()),
            "not-bound",
            "Linux",
        ),
        (
            record([*GOOD, *slices("cgi:uvicorn:cold", scaled(0.001))]),
            "few-answers",
            "hello: cgi uvicorn cold (3 in each)",
        ),
        (on(foreign=0.7), "busy-machine", ": 0.7"),
        (on(steal=0.04), "stolen-time", "4.0 %"),
        (on(governor="powersave"), "changing-clock", "powersave"),
        (on(quota="150000 100000"), "quota", "150000 100000"),
        (record(GOOD, interrupted=True), "interrupted", ""),
        (
            record(GOOD, exclusions=[Exclusion("x:y:z", "", "daphne and a2wsgi not installed; …")]),
            "not-installed",
            ": daphne and a2wsgi",
        ),
        (
            record(GOOD, exclusions=[Exclusion("asgi:daphne", "hello", "it responds with 500")]),
            "left-out",
            "it responds with 500",
        ),
        (record([*GOOD, *slices(f"{UVICORN}#2", scaled(1.2))]), "noise", "hello: by a factor of 1.20"),
        (record([*GOOD, *slices(f"{UVICORN}#2", [[1.5 * STEADY[0][0]]])]), "noise", "hello: by a factor of 1.50"),
        (
            record(GOOD, [replace(HELLO, answer=Answer(200, 14, None))]),
            "varying",
            "hello: only the status and length",
        ),
        (record(GOOD, [replace(HELLO, answer=Answer(200, None, None))]), "varying", "hello: only the status"),
        (record([*GOOD, *slices(UVICORN, [[1]], stepped=True)]), "clock", "hello: 1"),
        (
            record([cell(UVICORN, measured(9), WAIT), cell(WAITRESS, measured(9), WAIT)], [WAIT]),
            "one-run",
            ": scenario wait",
        ),
    ],
)
def test_each_doubt_is_named_with_its_place(made: Record, name: str, said: str) -> None:
    assert said in found(made)[name]


def test_a_contender_that_loses_one_percent_of_its_responses_is_reported() -> None:
    losing = slices(WAITRESS, scaled(0.4), failed={"status 500": 10}, examples=["got 500 with 4 bytes"])
    (said,) = found(record([*slices(UVICORN, STEADY), *losing])).values()
    assert (
        "hello: 0.98 % of the requests to wsgi waitress·4 (status 500 × 80; for example: got 500 with 4 bytes)" in said
    )


def test_remedies_contain_the_command_and_the_logs_of_this_comparison() -> None:
    out = [
        Exclusion(
            "x:y:z", "", "daphne not installed; install it with: /venv/bin/python -m pip install 'gateways[compare]'"
        ),
        Exclusion("asgi:hypercorn", "hello", "it responds with 500"),
    ]
    made = record(GOOD, exclusions=out, options={"logs": "/tmp/here/logs"})
    remedies = {doubt.name: doubt.remedy for doubt in doubts(made, sections(made))}
    assert remedies["not-installed"] == "/venv/bin/python -m pip install 'gateways[compare]'"
    assert "/tmp/here/logs" in remedies["left-out"]


def test_disturbing_programs_are_reported() -> None:
    disturbed = slices(UVICORN, STEADY, machine_cpu=500 * MS)
    assert "more than 0.15 cores in 100 % of the slices" in found(record(disturbed))["disturbed"]


def test_a_late_load_client_is_reported() -> None:
    late = measured(8000, 1.0, lag=Histogram([2 * MS] * 2000))
    made = record([*GOOD, cell(UVICORN, late, offered=8000.0)])
    assert found(made)["client-lag"].endswith("hello: asgi uvicorn (2 ms of 1 ms)")


def test_too_few_samples_for_a_percentile_are_reported() -> None:
    made = record([*GOOD, cell(UVICORN, measured(800), offered=800.0)])
    (said,) = found(made).items()
    assert said[0] == "few-samples"
    assert said[1].endswith("hello: asgi uvicorn (200)")


def test_a_violation_of_littles_law_is_reported() -> None:
    made = record(slices(UVICORN, STEADY, busy=12_000 * MS))
    assert found(made)["littles-law"].endswith("hello: asgi uvicorn by 25 %")


def test_a_load_client_at_its_limit_is_reported() -> None:
    made = record(slices(UVICORN, STEADY, client_cpu=240 * MS))
    (said,) = found(made).items()
    assert said[0] == "client-limited"
    assert said[1].endswith("hello: asgi uvicorn")


def test_connections_closed_after_each_response_are_reported() -> None:
    made = record(slices(UVICORN, STEADY, reconnects=2500))
    assert "hello: asgi uvicorn" in found(made)["no-keep-alive"]


def test_requests_that_were_sent_again_are_reported_and_are_not_lost() -> None:
    made = record(slices(UVICORN, STEADY, retried=25))
    (said,) = found(made).items()
    assert said[0] == "retried"
    assert said[1].endswith("hello: 0.99 % of the requests to asgi uvicorn")


def test_exceptions_in_the_log_are_reported_with_the_failures() -> None:
    locked = {"OperationalError: database is locked": 3}
    errors = found(record(slices(UVICORN, STEADY, failed={"status 500": 3}, raised=locked)))["errors"]
    assert "; exceptions in its log: OperationalError: database is locked × 24)" in errors


def test_memory_that_grows_and_is_not_released_is_reported() -> None:
    grown = [cell(UVICORN, measured(9000), before=Resources(20_000_000), after=Resources(80_000_000))]
    assert "hello: asgi uvicorn from 20 MB to 80 MB" in found(record(grown))["growth"]


def test_the_same_doubt_about_several_contenders_is_reported_once() -> None:
    cells = [cell(name, measured(9), question) for question in (WAIT, UPLOAD) for name in (UVICORN, WAITRESS)]
    (said,) = found(record(cells, [WAIT, UPLOAD])).items()
    assert said[0] == "one-run"
    assert said[1].endswith("scenario wait; scenario upload")


def test_unanswered_requests_are_not_a_doubt_if_they_are_the_result() -> None:
    held = {"offered": 100.0, "phase": "long"}
    made = record([cell(WAITRESS, measured(0, begun=4, failed={"timeout": 99}), IDLE, **held)], [IDLE])
    assert found(made) == {}
    made = record([cell(WAITRESS, measured(0, begun=4, failed={"status 503": 99}), IDLE, **held)], [IDLE])
    assert set(found(made)) == {"errors"}
