"""WebSocket echoes, with a real server."""

from gateways.compare.load.order import Order, Request
from gateways.compare.load.work import Work
from tests.gateways.compare.load import behaving
from tests.gateways.compare.load.measuring import first_that
from tests.real.serving import serve


def test_echoed_messages_are_verified() -> None:
    with serve("gateways.asgi.app:app", "uvicorn") as server:
        measured = first_that(
            lambda found: found.answered,
            lambda seconds: Work(
                Order("websocket", server.host, server.port, Request("/ws"), None, 4, seconds, 0.05)
            ).run(),
        )
    assert measured.failed == {}
    assert measured.octets == 32 * measured.answered > 0


def test_against_a_server_without_websockets_all_messages_fail() -> None:
    with behaving.serving(behaving.behaves) as port:
        measured = Work(Order("websocket", "127.0.0.1", port, Request("/ws"), None, 2, 0.1, 0.0)).run()
    assert measured.answered == 0
    assert set(measured.failed) == {"framing"}
    assert "HTTP/1.1 200 OK" in measured.examples[0]
