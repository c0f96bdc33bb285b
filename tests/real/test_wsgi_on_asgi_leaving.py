"""Disconnects during streams of WSGI frameworks on ASGI servers: threads and generators end."""

from __future__ import annotations

import time

from tests.real.asgi_servers import FRAMEWORKS, Site
from tests.real.bad_clients import crowd, get
from tests.real.serving import eventually

THREADS = 32  # the number of requests that the adapter runs concurrently
BLOCK = 64 * 1024
LONG = 200  # number of blocks: more than all buffers between the app and a client that does not read


def test_sixty_aborted_streams_delay_no_other_request(asgi: Site) -> None:
    before = asgi.count("streams begun")
    with crowd(asgi.server, [get(name, "/stream?blocks=-1&delay=0.02") for name in FRAMEWORKS * 12]) as clients:
        clients.wait_for_answers(THREADS)  # the others wait for a thread
        clients.cut_off()
    for framework in FRAMEWORKS:
        assert asgi.get(framework, "/hello").text == f"hello from {framework}"
    assert asgi.count("streams begun") >= before + THREADS
    asgi.expect_streams_closed()


def test_aborted_clients_that_do_not_read_delay_no_other_request(asgi: Site) -> None:
    before = asgi.count("streams begun")
    streams = [get(name, f"/stream?blocks={LONG}&size={BLOCK}") for name in FRAMEWORKS * 2]
    with crowd(asgi.server, streams) as clients:
        clients.wait_for_answers(len(streams))
        made_all_that_fits(asgi)
        clients.cut_off()
    assert asgi.get("flask", "/hello").text == "hello from flask"
    assert asgi.count("streams begun") == before + len(streams)
    asgi.expect_streams_closed()


def made_all_that_fits(asgi: Site) -> None:
    """Wait until the streams have ended."""
    made = -1

    def at_rest() -> bool:
        nonlocal made
        time.sleep(0.1)
        made, before = asgi.count("bytes streamed"), made
        return made == before

    eventually(at_rest, "the streams of clients that do not read come to rest")
