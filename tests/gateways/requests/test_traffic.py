"""Traffic: the mix of a load test, requests that may change data, and omitted entries."""

from gateways.requests.request import Request, Take
from gateways.requests.traffic import LeftOut, Traffic, summary


def test_a_mix_has_each_different_request_once_with_its_total_weight() -> None:
    home, cart = Request("GET", "/", origin="line 1", recorded=200), Request("GET", "/cart")
    mixed = Traffic((home, cart, Request("GET", "/", weight=2.0, origin="line 3", recorded=304))).mix()
    assert [(each.target, each.weight) for each in mixed] == [("/", 3.0), ("/cart", 1.0)]


def test_requests_with_other_headers_are_different() -> None:
    assert len(Traffic((Request("GET", "/"), Request("GET", "/", (("Accept", "a"),)))).mix()) == 2


def test_requests_that_may_change_data_are_omitted_by_name_and_the_login_is_kept() -> None:
    traffic = Traffic(
        (Request("GET", "/"), Request("POST", "/cart", origin="x.har, entry 2")), (Request("POST", "/in"),)
    )
    safe = traffic.safe("it may change data")
    assert [each.target for each in safe.requests] == ["/"]
    assert safe.login == traffic.login
    assert safe.left_out == (LeftOut("x.har, entry 2", "POST /cart", "it may change data"),)
    assert traffic.changes_data
    assert not Traffic((Request("HEAD", "/"),)).changes_data


def test_two_files_are_combined_in_order() -> None:
    both = Traffic((Request("GET", "/a"),), host="a") + Traffic((Request("GET", "/b"),), host="b", notes=("note",))
    assert [each.target for each in both.requests] == ["/a", "/b"]
    assert (both.host, both.notes) == ("a", ("note",))


def test_the_summary_has_a_line_for_each_reason_with_its_first_place_in_the_file() -> None:
    out = [LeftOut("log, line 2", "POST /a", "no body"), LeftOut("log, line 5", "POST /b", "no body")]
    assert summary([*out, LeftOut("log, line 3", "-", "not HTTP")]) == [
        "left out: 2 entries (no body); first log, line 2: POST /a",
        "left out: 1 entry (not HTTP); first log, line 3: -",
    ]


def test_a_session_begins_with_all_requests_up_to_the_last_dependency() -> None:
    take = Take("csrf", "regex", "csrf=(.+)")
    first, form = Request("GET", "/login", takes=(take,)), Request("POST", "/login", body=b"", recorded=302)
    last = Request("GET", "/last")
    login = Request("GET", "/in")
    assert Traffic((first, form, last), (login,)).opening() == (login, first, form)
    assert Traffic((last, Request("POST", "/api", recorded=200)), (login,)).opening() == (login,)
    assert Traffic((last, form, first, last)).opening() == (last, form, first)


def test_control_characters_that_a_client_sent_do_not_reach_the_terminal() -> None:
    out = LeftOut("a.log, line 1", "\x1b[2J\x16\x03", "it is not an HTTP request")
    (line,) = summary([out])
    assert line.endswith(r"first a.log, line 1: \x1b[2J\x16\x03")
