"""The figures of each request of a handmade mix, and their tables."""

import csv
import io
from dataclasses import replace

from gateways.compare.judge.analysis import Section, sections
from gateways.compare.judge.thresholds import breaches, threshold
from gateways.compare.load.order import Answer, Measured
from gateways.compare.question import MixRequest
from gateways.compare.record import Record
from gateways.compare.show.export import markdown, table_of_values
from gateways.compare.show.page_tables import tables
from gateways.compare.show.table import of_parts
from tests.gateways.compare.making import HELLO, UVICORN, WAITRESS, cell, measured, record

CART, HOME = "POST /cart", "GET /"
MIX = replace(
    HELLO,
    name="requests",
    request="2 requests",
    answer=None,
    parts=(MixRequest(CART, 1.0, Answer(302, 0, "a")), MixRequest(HOME, 4.0, Answer(200, 14, "b"))),
)


def mixed(cart: Measured, home: Measured) -> Measured:
    return Measured(window=cart.window, client_cpu=cart.client_cpu).with_parts([cart, home])


def compared() -> Record:
    fine, slow = measured(100, 2), measured(400, 1)
    lossy = measured(50, 40, failed={"status 500": 10}, missing=10)
    cells = [
        cell(UVICORN, mixed(fine, slow), MIX),
        cell(WAITRESS, mixed(lossy, measured(200, 3)), MIX),
        cell(UVICORN, mixed(measured(160, 5), measured(640, 4)), MIX, offered=200.0),
    ]
    return record(cells, [MIX])


def section() -> Section:
    (found,) = sections(compared())
    return found


def test_each_request_has_a_row_for_each_contender_in_the_order_of_the_total() -> None:
    parts = section().parts
    assert [part.asked.label for part in parts] == [CART, HOME]
    assert [[row.entrant.id for row in part.rows] for part in parts] == [[UVICORN, WAITRESS]] * 2
    assert [round(row.rate) for row in parts[0].rows] == [100, 48]


def test_latency_is_from_the_highest_rate_if_rates_were_measured() -> None:
    uvicorn, waitress = section().parts[0].rows
    assert uvicorn.offered == 200.0
    assert uvicorn.answer.p50 is not None
    assert 0.0049 < uvicorn.answer.p50 < 0.0051
    assert waitress.offered == 0.0


def test_losses_of_one_request_do_not_affect_the_figures_of_others() -> None:
    (cart, home) = ([row.lost_share for row in part.rows] for part in section().parts)
    assert cart[0] == home[0] == home[1] == 0
    assert 0.4 < cart[1] < 0.5
    (breach,) = [said for said in breaches([section()], [threshold("lost>10%")]) if "/" in said]
    assert CART in breach


def test_the_table_shows_request_and_status_and_share_once_and_the_most_frequent_first() -> None:
    shown = of_parts(section())
    assert shown is not None
    firsts = [line.cells[0] for line in shown.lines]
    assert firsts == [f"{HOME} → 200, 80 %", "", f"{CART} → 302, 20 %", ""]
    assert shown.columns[:3] == ("request", "contender", "requests/s")
    assert "lost" in shown.columns


def test_a_short_table_counts_the_remaining_requests() -> None:
    shown = of_parts(section(), most=1)
    assert shown is not None
    assert len(shown.lines) == 2
    assert "1 more" in shown.note


def test_the_report_and_the_page_and_the_csv_have_each_request() -> None:
    made = compared()
    found = sections(made)
    assert f"{CART} → 302" in markdown(made, found)
    page = tables(found, {UVICORN: 0, WAITRESS: 1})
    assert "POST /cart → 302" in page
    assert page.count('data-name="asgi uvicorn"') == 2
    rows = [row for row in csv.DictReader(io.StringIO(table_of_values(found))) if row["request"]]
    assert [(row["request"], row["status"], row["contender"]) for row in rows] == [
        (CART, "302", UVICORN),
        (CART, "302", WAITRESS),
        (HOME, "200", UVICORN),
        (HOME, "200", WAITRESS),
    ]


def test_a_record_with_a_mix_survives_json() -> None:
    made = compared()
    assert sections(Record.from_json(made.to_json())) == sections(made)
