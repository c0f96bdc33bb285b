"""A hundred stalled clients of WSGI frameworks on ASGI servers with fewer threads: other requests do not wait."""

from __future__ import annotations

import pytest

from tests.real.asgi_servers import FRAMEWORKS, Site, streaming_servers
from tests.real.bad_clients import Crowd, crowd, get, post
from tests.real.serving import eventually

KB, MB = 1000, 1000 * 1000
STREAM = "/stream?blocks=200&size=65536"  # 13 MB: more than all buffers between the app and a client that does not read
THREADS = 32 + 8  # the threads of the adapter, and of the server itself


def each_served(asgi: Site) -> None:
    """Another client's request to each app is served without delay."""
    for framework in FRAMEWORKS:
        assert asgi.get(framework, "/hello", timeout=30).text == f"hello from {framework}"


def threads(asgi: Site) -> int:
    return int(asgi.report()["threads"])


def cut_off(asgi: Site, clients: Crowd) -> None:
    """After the clients have disconnected, their threads end."""
    clients.cut_off()
    eventually(lambda: threads(asgi) <= THREADS, "the threads end that waited for clients")
    each_served(asgi)


@pytest.mark.parametrize(
    ("length", "sent"),
    [(1000, 10), (10 * MB, 100 * KB), (None, 10), (None, MB)],
    ids=["10 bytes of 1000", "100 KB of 10 MB", "chunked, after 10 bytes", "chunked, after 1 MB"],
)
def test_stalled_uploads_hold_no_thread_before_the_app_has_begun(asgi: Site, length: int | None, sent: int) -> None:
    uploads = [post(framework, "/upload", length, b"x" * sent) for framework in FRAMEWORKS * 20]
    with crowd(asgi.server, uploads) as clients:
        each_served(asgi)
        assert threads(asgi) <= THREADS
        cut_off(asgi, clients)


@streaming_servers
def test_stalled_uploads_leave_threads_for_other_requests_while_the_app_reads(asgi: Site) -> None:
    uploads = [post(framework, "/upload", 10 * MB, b"x" * MB) for framework in FRAMEWORKS * 20]
    with crowd(asgi.server, uploads) as clients:
        eventually(lambda: threads(asgi) > len(uploads), "there is a thread for each, beyond the adapter's usual 32")
        each_served(asgi)
        cut_off(asgi, clients)


@streaming_servers
def test_clients_that_do_not_read_leave_threads_for_other_requests(asgi: Site) -> None:
    asgi.expect_streams_closed()
    begun = asgi.count("streams begun")
    with crowd(asgi.server, [get(framework, STREAM) for framework in FRAMEWORKS * 20]) as clients:
        clients.wait_for_answers(100)
        each_served(asgi)
        assert (asgi.count("streams begun"), asgi.count("streams closed")) == (begun + 100, begun)
        cut_off(asgi, clients)
    asgi.expect_streams_closed()
