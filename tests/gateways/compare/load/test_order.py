"""Orders and measurements as JSON; requests as bytes."""

from gateways.compare.load.histogram import Histogram
from gateways.compare.load.order import Answer, Behind, Measured, Order, Request


def test_an_order_survives_json() -> None:
    upload = Request("/upload", "POST", 10, (("X-A", "b"),))
    order = Order("open", "::1", 80, upload, Answer(200, 5, "ab"), 3, 1.5, 0.1, rate=9.5, processes=(1, 2))
    assert Order.from_json(order.to_json()) == order
    behind = Order("open", "h", 1, Request("/"), behind=Behind("held", upload, 4))
    assert Order.from_json(behind.to_json()) == behind


def test_a_result_survives_json() -> None:
    measured = Measured(
        window=2_000_000_000, failed={"status 500": 3}, latency=Histogram([1, 2], 3), lag=Histogram([4])
    )
    again = Measured.from_json(measured.to_json())
    assert again == measured
    assert (again.answered, again.rate) == (1, 0.5)


def test_a_request_is_serialised_as_http() -> None:
    assert Request("/a?b").octets("h:1") == b"GET /a?b HTTP/1.1\r\nHost: h:1\r\nUser-Agent: gateways\r\n\r\n"
    head, _, body = Request("/up", "POST", 1000).octets("h").partition(b"\r\n\r\n")
    assert b"Content-Length: 1000" in head
    assert len(body) == 1000
    assert body == Request("/", "PUT", 1000).octets("h").partition(b"\r\n\r\n")[2]


def test_the_host_header_has_a_port_unless_it_is_the_default() -> None:
    hosts = [("a.example", 443, True), ("a.example", 80, True), ("a.example", 80, False), ("::1", 8000, False)]
    said = [Order("probe", host, port, Request("/"), tls=tls).authority for host, port, tls in hosts]
    assert said == ["a.example", "a.example:80", "a.example", "[::1]:8000"]


def test_results_of_an_earlier_version_can_be_read() -> None:
    data = Measured(window=5).to_json()
    del data["opened"]
    assert Measured.from_json(data) == Measured(window=5)
