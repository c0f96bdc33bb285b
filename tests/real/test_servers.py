"""The reference app on every server of `gateways demo`: the responses are the app's, not the server's."""

from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.gateways.cases import BAD, GOOD, Request, post
from tests.real.client import ask, responding
from tests.real.serving import Running, serve

WSGI = ["waitress", "gunicorn", "cheroot", "granian-wsgi"]
ASGI = ["uvicorn", "hypercorn", "daphne", "granian-asgi"]
SHORT = [(request, response) for request, response in GOOD + BAD if len(request.target) < 4000]  # gunicorn's limit


@pytest.fixture(scope="module", params=[*WSGI, *ASGI])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    side = "wsgi" if request.param in WSGI else "asgi"
    with serve(f"gateways.{side}.app:app", request.param) as running:
        yield running


@pytest.fixture(scope="module", params=ASGI)
def asgi_server(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serve("gateways.asgi.app:app", request.param) as running:
        yield running


def test_each_request_has_its_response(server: Running) -> None:
    answers = {str(request): ask(server, request) for request, _ in SHORT}
    assert answers == {str(request): response for request, response in SHORT}


def test_the_first_block_is_received_before_the_last_is_produced(server: Running) -> None:
    with responding(server, Request(b"/stream?chunks=2&delay=10"), timeout=9) as response:
        assert response.read1() == b"chunk 1 of 2\n"


def test_head_of_a_stream_gets_a_response_at_once(server: Running) -> None:
    response = ask(server, Request(b"/stream?chunks=1000&delay=10", "HEAD"))
    assert (response.status, response.body) == (200, b"")


def test_a_disconnect_from_a_stream_is_not_logged_as_an_error(server: Running) -> None:
    for _ in range(3):
        with responding(server, Request(b"/stream?chunks=1000&delay=0.05")) as response:
            assert response.read1()
    assert ask(server, post(b"/echo", b"hello")).body == b"hello"
    assert "Traceback" not in server.log()


def test_a_websocket_echoes(asgi_server: Running) -> None:
    with connect(f"ws://{asgi_server.host}:{asgi_server.port}/ws") as client:
        messages: list[str | bytes] = ["hello", "Jürgen €🐍", b"\x00\xff", "x" * 100_000]  # daphne drops empty messages
        for message in messages:
            client.send(message)
            assert client.recv(timeout=30) == message


def test_a_websocket_on_another_path_is_refused(asgi_server: Running) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(f"ws://{asgi_server.host}:{asgi_server.port}/hello"):
        pass
    assert refusal.value.response.status_code == 403


def test_the_older_interfaces_run_on_current_servers() -> None:
    with (
        serve("gateways.wsgi.pep333:app", "waitress") as pep333,
        serve("gateways.asgi.asgi2:App", "uvicorn", "--interface", "asgi2") as asgi2,
    ):
        for server in (pep333, asgi2):
            assert ask(server, Request(b"/hello?name=Ada")).body == b"Hello, Ada!\n"
            assert ask(server, Request(b"/stream?chunks=0")).status == 400
            with responding(server, Request(b"/stream?chunks=2&delay=10"), timeout=9) as response:
                assert response.read1() == b"chunk 1 of 2\n"


def test_http_2_has_the_same_responses() -> None:
    with serve("gateways.asgi.app:app", "hypercorn") as server, httpx.Client(http1=False, http2=True) as client:
        # Without refused POSTs: hypercorn drops the connection if an app responds before it has read the body.
        for request, expected in [*GOOD, *((bad, refusal) for bad, refusal in BAD if bad.body is None)]:
            url = httpx.URL(server.url, raw_path=request.target)
            response = client.request(request.method, url, content=request.body)
            assert response.http_version == "HTTP/2"
            assert (response.status_code, response.content) == (expected.status, expected.body), request
        assert client.get(f"{server.url}/ws").status_code == 426
