"""Verdicts: the sentences about handmade records."""

from dataclasses import replace

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.load.histogram import Histogram
from gateways.compare.machine import Resources
from tests.gateways.compare.making import (
    HELLO,
    HYPERCORN,
    IDLE,
    MS,
    SECOND,
    STEADY,
    STREAM,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    scaled,
    slices,
)


def said(*arguments: object, **more: object) -> list[str]:
    return verdicts(sections(record(*arguments, **more)))  # type: ignore[arg-type]


def facts(sentence: str, *expected: str) -> None:
    """Assert that the sentence contains these parts, in this order. The tests do not check the other words."""
    at = 0
    for each in expected:
        found = sentence.find(each, at)
        assert found >= 0, f"{each!r} is not in {sentence[at:]!r}"
        at = found + len(each)


def test_the_fastest_is_named_with_its_interval() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(HYPERCORN, scaled(1.5, 0.02)), *slices(WAITRESS, scaled(1.0, 0.02))]
    (verdict,) = said(cells)
    facts(verdict, "hello:", "asgi hypercorn", "1.50 (1.48–1.52)", "asgi uvicorn", "no difference", "wsgi waitress·4")


def test_no_contender_is_faster_than_the_reference() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4)), *slices(HYPERCORN, scaled(0.9))]
    (verdict,) = said(cells)
    facts(verdict, "hello:", "asgi uvicorn", "10,100", "asgi hypercorn", "0.90", "wsgi waitress·4", "0.40")


def test_a_much_slower_contender_is_described_in_both_directions() -> None:
    (verdict,) = said([*slices(UVICORN, STEADY), *slices("cgi:uvicorn:cold", scaled(0.0005), window=8 * SECOND)])
    facts(verdict, "cgi uvicorn cold", "0.0005", "1/2,000")


def test_with_one_run_a_factor_of_2_is_required_and_stated() -> None:
    upload = replace(WAIT, name="upload", service=None)

    def verdict(rate: float) -> str:
        return said([cell(UVICORN, measured(200), upload), cell(HYPERCORN, measured(rate), upload)], [upload])[0]

    facts(verdict(360), "upload:", "no difference", "asgi uvicorn", "asgi hypercorn")
    facts(verdict(440), "upload:", "asgi hypercorn", "2.20 (one run)", "asgi uvicorn")


def test_an_adapter_without_measurable_cost_is_described_as_adding_nothing() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:ours", scaled(0.99, 0.1), server_cpu=SECOND // 16),
    ]
    facts(said(cells)[-1], "wsgi-on-asgi uvicorn ours", "no difference")


def test_a_tie_between_the_fastest_and_the_reference_is_stated() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(HYPERCORN, scaled(1.01, 0.05))]
    (verdict,) = said(cells)
    facts(verdict, "hello:", "no difference", "asgi uvicorn", "asgi hypercorn")


def test_the_cost_of_an_adapter_is_the_difference_to_the_same_server_without_it() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:ours", scaled(0.5), server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:a2wsgi", scaled(0.2), server_cpu=SECOND // 16),
    ]
    (verdict,) = said(cells)[1:]
    facts(verdict, "wsgi-on-asgi uvicorn ours·32", "50 µs", "asgi uvicorn", "25 µs", "0.5 %", "5 ms")


def test_waiting_clients_are_compared_with_the_theoretical_maximum() -> None:
    cells = [
        cell(UVICORN, measured(3300), WAIT, connections=200),
        cell(WAITRESS, measured(76), WAIT, connections=200),
        cell("cgi:uvicorn:cold", measured(40), WAIT, connections=200),
    ]
    (verdict,) = said(cells, [WAIT])
    facts(verdict, "wait, 200 clients", "wsgi waitress·4", "76", "4 threads", "80")
    facts(verdict, "asgi uvicorn", "3,300", "200 clients", "4,000")
    assert "cgi" not in verdict


def test_the_smallest_and_largest_number_of_threads_are_compared_with_the_maximum() -> None:
    ours = "wsgi-on-asgi:uvicorn:ours"
    rates = {UVICORN: 3300, ours: 620, WAITRESS: 76}
    cells = [cell(name, measured(each), WAIT, connections=200) for name, each in rates.items()]
    (verdict,) = said(cells, [WAIT])
    facts(verdict, "wsgi waitress·4", "76", "4 threads", "80", "ours·32", "620", "32 threads", "640", "3,300", "4,000")


def test_a_contender_that_loses_responses_is_described_as_not_ranked() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(1.5), failed={"status 500": 40})]
    (verdict,) = said(cells)
    facts(verdict, "hello:", "not ranked", "lost or wrong", "wsgi waitress·4", "1.0 %")


def test_times_to_the_first_byte_are_described() -> None:
    cells = [
        cell(name, measured(50, window=SECOND, first_byte=Histogram([first * MS] * 50)), STREAM, connections=50)
        for name, first in ((UVICORN, 13), (WAITRESS, 6800))
    ]
    (verdict,) = said(cells, [STREAM])
    facts(verdict, "stream, 50 clients", "first byte", "13 ms", "asgi uvicorn", "6.8 s", "wsgi waitress·4")


def test_contenders_that_hold_idle_clients_are_described_with_the_effect_on_others() -> None:
    taken = Resources(memory=25_000_000)
    cells = [
        cell(UVICORN, measured(100, 2, window=3 * SECOND, begun=300), IDLE, offered=100.0, phase="long", peak=taken),
        cell(WAITRESS, measured(0, begun=4, missing=300, failed={"timeout": 300}), IDLE, offered=100.0, phase="long"),
    ]
    (verdict,) = said(cells, [IDLE])
    facts(verdict, "idle, 300 clients", "asgi uvicorn", "300", "2 ms", "25 MB", "wsgi waitress·4", "4", "20 MB")


def test_a_connection_that_ended_early_is_not_held() -> None:
    cells = [
        cell(UVICORN, measured(100, 2, begun=300, lost=250), IDLE, offered=100.0, phase="long"),
        cell(WAITRESS, measured(100, 2, begun=4), IDLE, offered=100.0, phase="long"),
    ]
    (verdict,) = said(cells, [IDLE])
    facts(verdict, "asgi uvicorn holds 50,", "wsgi waitress·4 holds 4,")


def test_a_single_contender_gets_no_verdict() -> None:
    assert said(slices(UVICORN, STEADY)) == []


def test_for_a_users_app_the_share_of_the_server_is_stated() -> None:
    path, gateway = replace(HELLO, name="path", role="app"), replace(HELLO, name="gateway", role="server", small=False)
    cells = [
        *slices(UVICORN, STEADY, path, server_cpu=SECOND // 8),
        *slices(UVICORN, scaled(2), gateway, server_cpu=SECOND // 16),
    ]
    facts(said(cells, [path, gateway])[-1], "50 µs", "asgi uvicorn", "12 µs", "25 %")


def test_if_rates_tie_the_cpu_time_may_differ() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices(HYPERCORN, scaled(0.98, 0.1), server_cpu=SECOND * 5 // 64),
    ]
    rates, costs = said(cells)
    facts(rates, "hello:", "asgi uvicorn", "10,100", "no difference", "asgi hypercorn")
    facts(costs, "CPU", "asgi hypercorn", "1.28 (1.16–1.42)", "asgi uvicorn")


def test_a_blocked_loop_is_compared_with_the_maximum_of_one_request_at_a_time() -> None:
    blocking = replace(WAIT, name="blocking")
    cells = [
        cell(UVICORN, measured(20), blocking, connections=16),
        cell(WAITRESS, measured(80), blocking, connections=16),
    ]
    (verdict,) = said(cells, [blocking])
    facts(
        verdict,
        "blocking, 16 clients",
        "asgi uvicorn",
        "20",
        "one loop",
        "20",
        "wsgi waitress·4",
        "80",
        "4 threads",
        "80",
    )
