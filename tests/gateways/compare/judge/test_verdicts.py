"""Sentences about records made by hand."""

from dataclasses import replace

from gateways.compare.judge.analysis import sections
from gateways.compare.judge.verdicts import verdicts
from gateways.compare.load.histogram import Histogram
from gateways.compare.record import Resources
from tests.gateways.compare.judge.test_analysis import HYPERCORN, STEADY, scaled
from tests.gateways.compare.making import (
    HELLO,
    IDLE,
    MS,
    SECOND,
    STREAM,
    UVICORN,
    WAIT,
    WAITRESS,
    cell,
    measured,
    record,
    slices,
)


def said(*arguments: object, **more: object) -> list[str]:
    return verdicts(sections(record(*arguments, **more)))  # type: ignore[arg-type]


def test_the_fastest_is_named_with_its_interval() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(HYPERCORN, scaled(1.5, 0.02)), *slices(WAITRESS, scaled(1.0, 0.02))]
    assert said(cells) == [
        (
            "hello: asgi hypercorn serves 1.50 (1.48–1.52) times the requests of asgi uvicorn; no difference seen "
            "between asgi uvicorn and wsgi waitress·4."
        )
    ]


def test_none_is_faster_than_the_reference() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(0.4)), *slices(HYPERCORN, scaled(0.9))]
    assert said(cells) == [
        (
            "hello: none serves more requests than asgi uvicorn (10,100 a second); asgi hypercorn serves 0.90 times as "
            "many and wsgi waitress·4 serves 0.40 times as many."
        )
    ]


def test_how_many_times_fewer_a_slow_one_serves_is_said_in_both_directions() -> None:
    (verdict,) = said([*slices(UVICORN, STEADY), *slices("cgi:uvicorn:cold", scaled(0.0005), window=8 * SECOND)])
    assert verdict.endswith("; cgi uvicorn cold serves 0.0005 times as many (2,000 times fewer).")


def test_of_one_run_a_factor_of_2_is_needed_and_that_it_was_one_is_said() -> None:
    upload = replace(WAIT, name="upload", service=None)

    def verdict(rate: float) -> str:
        return said([cell(UVICORN, measured(200), upload), cell(HYPERCORN, measured(rate), upload)], [upload])[0]

    assert verdict(360) == "upload: no difference seen between asgi uvicorn and the fastest, asgi hypercorn."
    assert verdict(440) == "upload: asgi hypercorn serves 2.20 (one run) times the requests of asgi uvicorn."


def test_an_adapter_whose_cost_cannot_be_told_is_not_said_to_have_any() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:ours", scaled(0.99, 0.1), server_cpu=SECOND // 16),
    ]
    assert said(cells)[-1].endswith(": no difference seen.")


def test_no_difference_between_the_fastest_and_the_reference_is_said() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(HYPERCORN, scaled(1.01, 0.05))]
    assert said(cells) == ["hello: no difference seen between asgi uvicorn and the fastest, asgi hypercorn."]


def test_what_an_adapter_costs_is_the_difference_to_the_same_server_without_it() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:ours", scaled(0.5), server_cpu=SECOND // 16),
        *slices("wsgi-on-asgi:uvicorn:a2wsgi", scaled(0.2), server_cpu=SECOND // 16),
    ]
    assert said(cells)[1:] == [
        (
            "wsgi-on-asgi uvicorn ours·32 takes 50 µs of CPU an answer, asgi uvicorn 25 µs: what the adapter adds is "
            "0.5 % of an app's 5 ms."
        )
    ]


def test_clients_that_wait_are_counted_against_the_law() -> None:
    cells = [
        cell(UVICORN, measured(3300), WAIT, connections=200),
        cell(WAITRESS, measured(76), WAIT, connections=200),
        cell("cgi:uvicorn:cold", measured(40), WAIT, connections=200),
    ]
    assert said(cells, [WAIT]) == [
        (
            "wait, 200 clients that wait: wsgi waitress·4 answers 76 a second (its 4 threads allow 80), asgi uvicorn "
            "answers 3,300 a second (200 clients allow 4,000)."
        )
    ]


def test_the_fewest_and_the_most_threads_are_held_against_the_law() -> None:
    ours = "wsgi-on-asgi:uvicorn:ours"
    rates = {UVICORN: 3300, ours: 620, WAITRESS: 76}
    cells = [cell(name, measured(each), WAIT, connections=200) for name, each in rates.items()]
    assert said(cells, [WAIT]) == [
        (
            "wait, 200 clients that wait: wsgi waitress·4 answers 76 a second (its 4 threads allow 80), wsgi-on-asgi "
            "uvicorn ours·32 answers 620 a second (its 32 threads allow 640), asgi uvicorn answers 3,300 a second (200 "
            "clients allow 4,000)."
        )
    ]


def test_who_loses_answers_is_said_not_to_be_ranked() -> None:
    cells = [*slices(UVICORN, STEADY), *slices(WAITRESS, scaled(1.5), failed={"status 500": 40})]
    assert said(cells) == ["hello: not ranked, for answers are lost or wrong: wsgi waitress·4 (1.0 %)."]


def test_who_has_the_first_byte_when() -> None:
    cells = [
        cell(name, measured(50, window=SECOND, first_byte=Histogram([first * MS] * 50)), STREAM, connections=50)
        for name, first in ((UVICORN, 13), (WAITRESS, 6800))
    ]
    assert said(cells, [STREAM]) == [
        (
            "stream, 50 clients: half of them have the first byte after 13 ms from asgi uvicorn, after 6.8 s from wsgi "
            "waitress·4."
        )
    ]


def test_who_holds_idle_clients_and_what_is_left_for_others() -> None:
    taken = Resources(memory=25_000_000)
    cells = [
        cell(UVICORN, measured(100, 2, window=3 * SECOND, begun=300), IDLE, offered=100.0, phase="long", peak=taken),
        cell(WAITRESS, measured(0, begun=4, missing=300, failed={"timeout": 300}), IDLE, offered=100.0, phase="long"),
    ]
    assert said(cells, [IDLE]) == [
        (
            "idle, 300 clients: asgi uvicorn holds 300, answers others in 2 ms and takes 25 MB; wsgi waitress·4 holds "
            "4, answers nobody else and takes 20 MB."
        )
    ]


def test_nothing_is_said_of_one_alone() -> None:
    assert said(slices(UVICORN, STEADY)) == []


def test_of_a_users_app_the_servers_own_share_is_said() -> None:
    path, gateway = replace(HELLO, name="path"), replace(HELLO, name="gateway")
    cells = [
        *slices(UVICORN, STEADY, path, server_cpu=SECOND // 8),
        *slices(UVICORN, scaled(2), gateway, server_cpu=SECOND // 16),
    ]
    assert said(cells, [path, gateway])[-1] == (
        "Of the 50 µs of CPU that an answer takes on asgi uvicorn, the server takes 12 µs (25 %): the rest is the "
        "app's, and no server makes it faster."
    )


def test_where_rates_tie_the_cpu_time_may_tell() -> None:
    cells = [
        *slices(UVICORN, STEADY, server_cpu=SECOND // 16),
        *slices(HYPERCORN, scaled(0.98, 0.1), server_cpu=SECOND * 5 // 64),
    ]
    assert said(cells) == [
        (
            "hello: none serves more requests than asgi uvicorn (10,100 a second); no difference seen between asgi "
            "uvicorn and asgi hypercorn."
        ),
        "The CPU time of an answer differs, though: asgi hypercorn takes 1.28 (1.16–1.42) times that of asgi uvicorn.",
    ]


def test_a_loop_that_stands_still_is_held_against_the_law_of_one() -> None:
    blocking = replace(WAIT, name="blocking")
    cells = [
        cell(UVICORN, measured(20), blocking, connections=16),
        cell(WAITRESS, measured(80), blocking, connections=16),
    ]
    assert said(cells, [blocking]) == [
        (
            "blocking, 16 clients that wait: asgi uvicorn answers 20 a second (its one loop, which stands still, "
            "allows 20), wsgi waitress·4 answers 80 a second (its 4 threads allow 80)."
        )
    ]
