"""Event streams that leave the WSGI server's threads, on each server, with real clients."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from gateways.serving.certificate import self_signed
from tests.real.serving import Running, eventually
from tests.real.test_websockets_asgi_on_wsgi import worker
from tests.real.websocket_servers import CARRYING, serving

APP = "tests.real.apps.event_streams:app"
ATTACHED = "tests.real.apps.event_streams:attached"
BEHIND = "tests.real.apps.event_streams:wrapped"
ENDLESS_KEEP_ALIVE = {"gunicorn gthread", "waitress", "cheroot", "gevent pywsgi", "eventlet"}


def app_for(server: str) -> str:
    """Return an app with middleware. For uWSGI, return an app without middleware, because the C code of uWSGI hides the
    iteration.
    """
    return APP if server == "uWSGI" else BEHIND


@pytest.fixture(scope="module", params=CARRYING)
def named(request: pytest.FixtureRequest) -> Iterator[tuple[str, Running]]:
    """Each server with middleware, except uWSGI. It is written in C, so its streams can be detached only without
    middleware.
    """
    with serving(request.param, app=app_for(request.param)) as running:
        yield request.param, running


@pytest.fixture
def server(named: tuple[str, Running]) -> Running:
    return named[1]


@pytest.fixture(scope="module")
def behind(named: tuple[str, Running]) -> Iterator[Running]:
    """Each server, with middleware."""
    name, server = named
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(serving(name, app=BEHIND)) if name == "uWSGI" else server


class Stream:
    """A raw connection that has sent a request."""

    def __init__(self, server: Running, target: str, *, method: str = "GET", version: str = "1.1", more: bytes = b""):
        self.sock = socket.create_connection((server.host, server.port), timeout=20)
        length = b"Content-Length: %d\r\n" % len(more) if method == "POST" else b""
        self.sock.sendall(f"{method} {target} HTTP/{version}\r\nHost: x\r\n".encode() + length + b"\r\n" + more)
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def until(self, done: Callable[[bytes], object]) -> bytes:
        """Read until `done(received)`; return everything received."""
        while not done(self.received):
            data = self.sock.recv(65536)
            assert data, f"the connection ended after {self.received!r}"
            self.received += data
        return self.received

    def head(self) -> bytes:
        return self.until(lambda received: b"\r\n\r\n" in received).partition(b"\r\n\r\n")[0]

    def rest(self) -> bytes:
        """Return everything received until the connection ends."""
        while data := self.sock.recv(65536):
            self.received += data
        return self.received

    def body(self) -> bytes:
        """Wait for the end of the connection, and return the decoded body. A chunked body must have its last chunk."""
        head, _, body = self.rest().partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" not in head.lower():
            return body
        assert body.endswith(b"0\r\n\r\n"), body[-100:]
        return unchunked(body)


def unchunked(body: bytes) -> bytes:
    data = []
    lines = io.BytesIO(body)
    while line := lines.readline():
        data.append(lines.read(int(line, 16)))
        assert lines.read(2) == b"\r\n"
    return b"".join(data)


def get(server: Running, path: str) -> Any:
    return httpx.get(server.url + path, trust_env=False, timeout=20).raise_for_status().json()


def detached(server: Running) -> int:
    return int(get(server, "/held")["detached"])


def settled(server: Running) -> None:
    eventually(lambda: detached(server) == 0, "no stream is left")


def test_the_headers_are_received_before_the_first_event_and_events_as_they_are_sent(server: Running) -> None:
    with Stream(server, "/events?count=2&token=A") as stream:
        head = stream.head().lower()
        assert b"content-type: text/event-stream; charset=utf-8" in head
        assert b"x-stream: yes" in head
        assert head.count(b"connection:") == head.count(b"connection: close") == 1
        assert detached(server) == 1
        get(server, "/go")
        stream.until(lambda received: b"data: A 0\n\n" in received)
        assert b"data: A 1" not in stream.received
        get(server, "/go")
        assert stream.body() == b"data: A 0\n\ndata: A 1\n\n"
    settled(server)
    assert "end A" in get(server, "/noted")


def test_twenty_streams_leave_four_threads_free_for_other_requests(server: Running) -> None:
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(server, f"/events?count=3&token=T{number}")) for number in range(20)]
        for stream in streams:
            stream.head()
        assert detached(server) == 20
        get(server, "/go?events=3")
        for number, stream in enumerate(streams):
            assert stream.body() == b"".join(b"data: T%d %d\n\n" % (number, event) for event in range(3))
    settled(server)


def test_http_1_0_gets_a_body_without_chunks_if_the_server_knows_the_version(server: Running) -> None:
    with Stream(server, "/events?count=1&token=old", version="1.0") as stream:
        stream.head()
        get(server, "/go")
        assert stream.body() == b"data: old 0\n\n"


def test_head_gets_headers_and_holds_no_thread(server: Running) -> None:
    with Stream(server, "/events", method="HEAD") as stream:
        head = stream.head()
        assert b"text/event-stream" in head
        assert b"x-stream: yes" in head.lower()
    settled(server)


def test_the_response_to_a_post_is_detached_once_its_body_has_been_read(server: Running) -> None:
    with Stream(server, "/events?count=1&token=P", method="POST", more=b"question") as stream:
        stream.head()
        assert detached(server) == 1
        get(server, "/go")
        assert stream.body() == b"data: Pquestion 0\n\n"


def test_an_app_that_fails_leaves_the_response_incomplete(server: Running) -> None:
    with Stream(server, "/fail") as stream:
        received = stream.rest()
        assert b"data: first\n\n" in received
        assert not received.endswith(b"0\r\n\r\n")
    settled(server)


@pytest.mark.parametrize("reset", [False, True])
def test_the_app_gets_a_disconnect(server: Running, reset: bool) -> None:
    token = f"gone-{reset}"
    with Stream(server, f"/events?token={token}") as stream:
        stream.head()
        if reset:
            stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def noticed() -> bool:
        get(server, "/go")
        return any(one.endswith(f"Error {token}") or one == f"GeneratorExit {token}" for one in get(server, "/noted"))

    eventually(noticed, "the app has been told")
    settled(server)


def test_a_client_that_has_shut_down_its_sending_side_still_gets_its_events(server: Running) -> None:
    with Stream(server, "/events?count=1&token=H") as stream:
        stream.head()
        stream.sock.shutdown(socket.SHUT_WR)
        get(server, "/go")
        assert stream.body() == b"data: H 0\n\n"


def test_a_slow_reader_makes_the_app_wait_and_loses_no_data(server: Running) -> None:
    def blocks() -> int:
        return sum(one.startswith("block") for one in get(server, "/noted"))

    before = blocks()
    with Stream(server, "/flood?megabytes=20") as stream:
        stream.head()
        steady = [-1]

        def waits() -> bool:
            time.sleep(0.1)
            steady.append(blocks() - before)
            return steady[-1] == steady[-2]

        eventually(waits, "the app waits")
        assert steady[-1] < 200, "of 320 blocks, more than sockets hold have been sent"
        assert len(stream.body()) == 20 * 16 * 65536
    settled(server)


def test_a_request_sent_behind_the_stream_stays_with_the_server(server: Running) -> None:
    """With pipelined requests, the stream stays on its thread, and the server handles the next request as usual."""
    next_request = b"GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with Stream(server, "/quick?count=5&pause=0.05", more=next_request) as stream:
        received = stream.rest()
    assert received.count(b"data: ") == 5
    answered = re.search(rb'"detached":\s*(\d+)', received)
    assert b"HTTP/1." not in received[12:] or (answered is not None and answered[1] == b"0")


def test_a_request_sent_during_the_stream_is_ignored_and_harmless(server: Running) -> None:
    with Stream(server, "/events?count=1&token=D") as stream:
        assert b"connection: close" in stream.head().lower()
        stream.sock.sendall(b"GET /noted HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        get(server, "/go")
        assert stream.body() == b"data: D 0\n\n"


CHECKS: Mapping[str, Callable[[Running], None]] = {
    "headers at once": test_the_headers_are_received_before_the_first_event_and_events_as_they_are_sent,
    "20 streams on 4 threads": test_twenty_streams_leave_four_threads_free_for_other_requests,
    "HTTP/1.0": test_http_1_0_gets_a_body_without_chunks_if_the_server_knows_the_version,
    "HEAD": test_head_gets_headers_and_holds_no_thread,
    "POST": test_the_response_to_a_post_is_detached_once_its_body_has_been_read,
    "an app that fails": test_an_app_that_fails_leaves_the_response_incomplete,
    "a client that leaves": lambda server: test_the_app_gets_a_disconnect(server, reset=False),
    "a reset": lambda server: test_the_app_gets_a_disconnect(server, reset=True),
    "a half-closed client": test_a_client_that_has_shut_down_its_sending_side_still_gets_its_events,
    "a slow reader": test_a_slow_reader_makes_the_app_wait_and_loses_no_data,
    "a request behind the stream": test_a_request_sent_behind_the_stream_stays_with_the_server,
    "a request during the stream": test_a_request_sent_during_the_stream_is_ignored_and_harmless,
}
"""The rows of the table in docs/websocket.md."""


WRAPPED = ("generator", "map", "chain", "closing", "gzip")


def test_every_middleware_of_the_app_is_tested() -> None:
    from tests.real.apps import event_streams  # imports FastAPI, which takes long: in one process, not in each

    assert tuple(event_streams.WRAPPED) == WRAPPED


@pytest.mark.parametrize("name", WRAPPED)
def test_middleware_that_wraps_the_body_keeps_the_stream_on_its_thread(behind: Running, name: str) -> None:
    before = detached(behind)
    with Stream(behind, f"/{name}/quick?count=20&pause=0.02", version="1.0") as stream:
        assert stream.head()
        assert detached(behind) == before
        body = stream.body()
    events = b"".join(b"data: %d\n\n" % number for number in range(20))
    if name == "gzip":
        assert zlib.decompress(body, wbits=31) == events
    else:
        assert body == {"chain": events + b": the end\n\n", "closing": events}.get(name, events.upper())


def test_middleware_that_returns_the_body_unchanged_does_not_keep_the_thread(
    named: tuple[str, Running], behind: Running
) -> None:
    """The exception is uWSGI, because it is written in C. There the adapter must not have any middleware."""
    if named[0] == "uWSGI":
        with Stream(behind, "/passing/quick?count=20&pause=0.02") as stream:
            assert b"x-passed: yes" in stream.head().lower()
            assert detached(behind) == 0
            assert stream.body() == b"".join(b"data: %d\n\n" % number for number in range(20))
        return
    with Stream(behind, "/passing/events?count=1&token=M") as stream:
        assert b"x-passed: yes" in stream.head().lower()
        assert detached(behind) == 1
        get(behind, "/go")
        assert stream.body() == b"data: M 0\n\n"


def test_the_bytes_equal_those_of_a_stream_on_its_thread(server: Running, behind: Running) -> None:
    """Return the response without Date, the sizes of chunks, and the close of the connection."""

    def conversation(server: Running, path: str, method: str, version: str) -> tuple[list[bytes], bytes]:
        with Stream(server, path + "/quick?count=3&pause=0.02", method=method, version=version) as stream:
            head = stream.head().split(b"\r\n")
            if method == "HEAD":
                return own(head), b""
            if b"chunked" in stream.head().lower() and b"connection: close" not in stream.head().lower():
                stream.until(lambda received: received.endswith(b"0\r\n\r\n"))
                stream.sock.shutdown(socket.SHUT_WR)
            return own(head), stream.body()

    def own(head: list[bytes]) -> list[bytes]:
        return sorted(line for line in head if not line.lower().startswith((b"date:", b"connection:", b"keep-alive:")))

    for method, version in (("GET", "1.1"), ("GET", "1.0"), ("HEAD", "1.1")):
        assert conversation(server, "", method, version) == conversation(behind, "/attached", method, version), (
            method,
            version,
        )


FIFTY = b"".join(b"data: %d\n\n" % number for number in range(50))


@contextlib.contextmanager
def streaming(path: str, *options: str) -> Iterator[tuple[Running, list[Stream]]]:
    """Gunicorn with five streams whose headers have arrived."""
    with (
        serving("gunicorn gthread", "--graceful-timeout", "30", *options, app=APP, grace=20) as server,
        contextlib.ExitStack() as stack,
    ):
        streams = [stack.enter_context(Stream(server, path)) for _ in range(5)]
        for stream in streams:
            stream.head()
        yield server, streams


def test_max_requests_lets_streams_complete() -> None:
    with streaming("/quick?count=50&pause=0.05", "--max-requests", "7") as (server, streams):
        pid = get(server, "/held")["pid"]
        get(server, "/held")  # the seventh
        eventually(lambda: "Autorestarting worker" in server.log(), "the worker is recycled")
        assert [stream.body() for stream in streams] == [FIFTY] * 5
        assert get(server, "/held")["pid"] != pid


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_let_streams_complete(name: str) -> None:
    with streaming("/quick?count=50&pause=0.03") as (server, streams):
        pid = get(server, "/held")["pid"]
        server.process.send_signal(getattr(signal, name))
        assert [stream.body() for stream in streams] == [FIFTY] * 5
        if name == "SIGTERM":
            assert server.process.wait(20) == 0
        else:
            eventually(lambda: get(server, "/held")["pid"] != pid, "another worker serves", 20)


def test_endless_streams_are_cut_off_at_the_timeout(tmp_path: Path) -> None:
    settings = tmp_path / "gunicorn.conf.py"
    settings.write_text(
        "control_socket_disable = True\ndef worker_exit(server, worker): worker.wsgi.close(timeout=3.5)\n"
    )
    with streaming("/events", "--config", str(settings)) as (server, streams):
        server.process.terminate()
        for stream in streams:
            assert not stream.rest().endswith(b"0\r\n\r\n")
        assert server.process.wait(20) == 0
        assert "waiting up to 3.5 seconds for 5 streams" in server.log()
        assert "Traceback" not in server.log()


def test_a_stream_outlives_gunicorns_timeout() -> None:
    with (
        serving("gunicorn sync", "--timeout", "2", app=APP) as server,
        Stream(server, "/events?count=1&token=T") as stream,
    ):
        stream.head()
        before = worker(server).pid
        stream.sock.settimeout(5)
        with pytest.raises(TimeoutError):
            stream.rest()
        get(server, "/go")
        assert stream.body() == b"data: T 0\n\n"
        assert worker(server).pid == before


def test_over_tls_a_stream_stays_on_its_thread() -> None:
    with self_signed("127.0.0.1") as (certfile, keyfile):
        options = ("--certfile", certfile, "--keyfile", keyfile)
        with serving("gunicorn gthread", *options, app=APP) as server:
            url = server.url.replace("http:", "https:")
            context = ssl.create_default_context(cafile=certfile)
            with (
                httpx.Client(verify=context, trust_env=False, timeout=20) as client,
                client.stream("GET", f"{url}/events?count=1&token=TLS") as response,
                httpx.Client(verify=context, trust_env=False, timeout=20) as other,
            ):
                assert other.get(f"{url}/held").json()["detached"] == 0
                other.get(f"{url}/go")
                assert response.read() == b"data: TLS 0\n\n"


def test_the_server_logs_no_error(server: Running) -> None:
    before = len(server.log())
    with Stream(server, "/events?count=1&token=L") as stream:
        stream.head()
        get(server, "/go")
        stream.body()
    settled(server)
    assert "rror" not in server.log()[before:]
    assert "Traceback" not in server.log()[before:]
