"""Tables of text."""

from dataclasses import replace

from gateways.compare.judge.analysis import sections
from gateways.compare.show.columns import COLUMNS
from gateways.compare.show.export import table_of_values
from gateways.compare.show.table import SHOWN, table
from tests.gateways.compare.making import (
    HYPERCORN,
    IDLE,
    SECOND,
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


def test_slices_have_ratios_and_letters_and_latency_at_the_common_rate() -> None:
    latency = [cell(UVICORN, measured(4000, 0.5), offered=4000.0), cell(WAITRESS, measured(1000, 3), offered=1000.0)]
    cells = [
        *slices(UVICORN, STEADY),
        *slices(WAITRESS, scaled(0.4)),
        *latency,
        cell(UVICORN, measured(400), offered=400.0),
    ]
    (section,) = sections(
        record(
            [
                *cells,
                cell(HYPERCORN, measured(4000, 1), offered=4000.0),
                *slices(HYPERCORN, scaled(4), client_cpu=SECOND),
            ]
        )
    )
    shown = table(section)
    assert shown.title == "hello: GET /hello by 64 clients, status 200"
    assert shown.columns == (
        *(
            "contender",
            "requests/s",
            "ratio",
            "group",
            "CPU/request",
            "p50 @4,000/s",
            "p99",
            "memory",
            "threads",
            "limit",
        ),
    )
    assert [line.cells for line in shown.lines] == [
        ("asgi uvicorn", "10,100", "1", "a", "50 µs", "0.50 ms", "0.50 ms", "20 MB", "5", ""),
        ("wsgi waitress·4", "4,040", "0.40 [0.40–0.40]", "b", "124 µs ×2.50", "3 ms @1,000/s", "", "20 MB", "5", ""),
        ("asgi hypercorn", "≥ 40,400", "4.00 [4.00–4.00]", "", "12 µs ×0.25", "1 ms", "1 ms", "20 MB", "5", "client"),
    ]
    assert [line.dim for line in shown.lines] == [False, False, True]
    assert [round(line.bar, 2) for line in shown.lines] == [0.25, 0.1, 1.0]


def test_long_runs_have_their_own_percentiles_and_no_letters() -> None:
    cells = [
        cell(UVICORN, measured(3300, 60), WAIT, connections=200),
        cell(WAITRESS, measured(80, 2500), WAIT, connections=200),
    ]
    (section,) = sections(record(cells, [WAIT]))
    shown = table(section)
    assert shown.columns == (
        *("contender", "requests/s", "ratio", "CPU/request", "p50", "p90", "memory", "threads", "limit"),
    )
    assert shown.lines[0].cells[-1] == ""
    assert shown.lines[1].cells[:3] == ("wsgi waitress·4", "80", "0.024")


def test_tables_of_held_clients_show_the_effect_on_others() -> None:
    idle = {"offered": 100.0, "phase": "long", "connections": 16}
    cells = [
        cell(UVICORN, measured(100, 2, window=3 * SECOND, begun=300), IDLE, **idle),
        cell(WAITRESS, measured(0, begun=4, missing=300, failed={"timeout": 300}), IDLE, **idle),
    ]
    shown = table(sections(record(cells, [IDLE]))[0])
    assert shown.title == "idle: 300 clients, while others send requests, status 200"
    assert shown.columns[:4] == ("contender", "held", "others answered", "p50")
    assert [line.cells[:4] for line in shown.lines] == [
        ("asgi uvicorn", "300 of 300", "100 %", "2 ms"),
        ("wsgi waitress·4", "4 of 300", "0 %", "never"),
    ]


def test_each_table_shows_a_number_of_clients_that_differs_between_contenders() -> None:
    two = [replace(each, connections=2) for each in slices("cgi:uvicorn:cold", scaled(0.01))]
    found = sections(record([*slices(UVICORN, STEADY), *two]))
    shown = table(found[0])
    assert shown.title == "hello: GET /hello by 2 or 64 clients, status 200"
    assert shown.columns[1] == "clients"
    assert [line.cells[:2] for line in shown.lines] == [("asgi uvicorn", "64"), ("cgi uvicorn cold", "2")]
    lines = [line.split(",")[:3] for line in table_of_values(found).splitlines()[1:]]
    assert lines == [["hello", "64", "asgi:uvicorn"], ["hello", "2", "cgi:uvicorn:cold"]]


def test_every_column_has_a_meaning() -> None:
    shown = {name.partition(" @")[0] for columns in SHOWN.values() for name, _ in columns}
    assert shown == set(COLUMNS)
