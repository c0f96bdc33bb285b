"""Curves of the CPU time of one request, in process: by number of clients, size of the body and number of headers.

Knows the apps, and how each point is measured. It must not know the charts or the page.
"""

from __future__ import annotations

import asyncio
import gc
import io
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from gateways.adapters import ASGIToWSGI, WSGIToASGI

from . import in_process
from .in_process import HEADERS, Measure, asgi_hello, asgi_measure, run_in_executor, wsgi_hello, wsgi_measure
from .rounds import rounds

CLIENTS = (1, 3, 10, 32, 100, 300, 1_000, 3_000, 10_000)
THREADS = (1, 3, 10, 32, 100, 300, 1_000)  # numbers of clients on a WSGI server, where each client is a thread
BODIES = (0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
HEADER_COUNTS = (5, 10, 20, 40, 60, 80, 100)
REQUESTS = 1_000  # requests in one measurement by clients or headers, rounded to a multiple of the number of clients
BLOCK = b"x" * 65536
SMALL = 1_000_000  # a body with fewer bytes than this is sent 100 times in one measurement
COUNT = 5  # number of rounds

Curve = list[tuple[float, float]]  # (x, microseconds of CPU time per request)


class Line(NamedTuple):
    """The straight line that fits a curve best (by least squares of relative errors)."""

    fixed: float  # value at x = 0
    slope: float  # increase per unit of x
    deviation: float  # largest relative distance of a point from the line


def processor(measure: Callable[[], object], requests: int) -> Measure:
    """Return a function that measures the CPU time per request, in microseconds."""

    def run() -> float:
        begun = time.process_time()
        measure()
        return (time.process_time() - begun) / requests * 1e6

    return run


def curve(points: dict[int, Measure]) -> Curve:
    """Measure all points in turns. Return the median of each point."""
    figures = rounds({str(x): measure for x, measure in points.items()}, COUNT)
    return [(x, statistics.median(figures[str(x)])) for x in points]


def fitted(points: Curve) -> Line:
    """Return the line that fits the points best, by least squares of their relative errors."""
    weights = [1 / (y * y) for _, y in points]
    total = sum(weights)
    x_mean = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    y_mean = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (x - x_mean) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = sum(w * (x - x_mean) * (y - y_mean) for w, (x, y) in zip(weights, points, strict=True)) / spread
    fixed = y_mean - slope * x_mean
    return Line(fixed, slope, max(abs(y - fixed - slope * x) / y for x, y in points))


def over_clients() -> dict[str, Curve]:
    """Return the cost of a small request by the number of concurrent clients."""
    ours, bridge = WSGIToASGI(wsgi_hello), ASGIToWSGI(asgi_hello)

    def asgi(app: Any, clients: int) -> Measure:
        requests = max(REQUESTS, clients) // clients * clients
        return processor(asgi_measure(app, clients, requests), requests)

    def wsgi(clients: int) -> Measure:
        requests = max(REQUESTS, clients) // clients * clients
        return processor(wsgi_measure(bridge, clients, requests), requests)

    def uncollected(clients: int) -> Measure:
        measure = asgi(ours, clients)

        def run() -> float:
            gc.disable()
            try:
                return measure()
            finally:
                gc.enable()

        return run

    return {
        "WSGIToASGI": curve({n: asgi(ours, n) for n in CLIENTS}),
        "the same without gc": curve({n: uncollected(n) for n in CLIENTS}),
        "run_in_executor": curve({n: asgi(run_in_executor, n) for n in CLIENTS}),
        "ASGIToWSGI": curve({n: wsgi(n) for n in THREADS}),
    }


def _wsgi_sends(size: int) -> Any:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(size))])
        return (BLOCK[: size - at] for at in range(0, size, len(BLOCK)))

    return app


def _wsgi_reads(environ: Any, start_response: Any) -> Iterable[bytes]:
    while environ["wsgi.input"].read(65536):
        pass
    start_response("200 OK", [("Content-Length", "0")])
    return []


def _asgi_sends(size: int) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan here")
        length = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for at in range(0, size, len(BLOCK)):
            await send({"type": "http.response.body", "body": BLOCK[: size - at], "more_body": at + len(BLOCK) < size})
        if not size:
            await send({"type": "http.response.body", "body": b""})

    return app


async def _asgi_reads(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _request(app: Any, scope: dict[str, Any], size: int = 0) -> None:
    """Send one request with a body of `size` bytes to an ASGI application."""
    sent = 0

    async def receive() -> Any:
        nonlocal sent
        if sent > size or (sent and sent == size):
            return await asyncio.get_running_loop().create_future()
        block = BLOCK[: size - sent]
        sent += len(block) or 1
        return {"type": "http.request", "body": block, "more_body": sent < size}

    async def send(message: Any) -> None:
        return None

    await app(scope, receive, send)


def _scope(headers: Sequence[tuple[bytes, bytes]], method: str = "GET") -> dict[str, Any]:
    return {**in_process._scope(b""), "method": method, "headers": [*HEADERS, *headers]}  # noqa: SLF001 - same package


def _through_asgi(app: Any, scope: dict[str, Any], size: int, requests: int) -> Measure:
    async def all_of_them() -> None:
        for _ in range(requests):
            await _request(app, dict(scope), size)

    return processor(lambda: in_process.runner.run(all_of_them()), requests)


def _through_wsgi(app: Any, environ: dict[str, Any], size: int, requests: int) -> Measure:
    body = b"x" * size

    def all_of_them() -> None:
        for _ in range(requests):
            own = {**in_process._environ(), **environ, "wsgi.input": io.BytesIO(body)}  # noqa: SLF001 - same package
            result = app(own, in_process._start_response)  # noqa: SLF001
            for _ in result:
                pass
            if hasattr(result, "close"):
                result.close()

    def in_a_thread() -> None:
        thread = threading.Thread(target=all_of_them)
        thread.start()
        thread.join()

    return processor(in_a_thread, requests)


def over_bodies() -> dict[str, Curve]:
    """Return the cost of a request by the size of the response body, and by the size of the request body."""

    def times(size: int) -> int:
        return 100 if size < SMALL else max(1, 10_000_000 // size)

    reads, bridge = WSGIToASGI(_wsgi_reads), ASGIToWSGI(_asgi_reads)
    senders = {size: (WSGIToASGI(_wsgi_sends(size)), ASGIToWSGI(_asgi_sends(size))) for size in BODIES}

    def up(size: int) -> dict[str, Any]:
        return _scope([(b"content-length", b"%d" % size)], "PUT")

    return {
        "WSGIToASGI, response": curve(
            {n: _through_asgi(pair[0], _scope([]), 0, times(n)) for n, pair in senders.items()}
        ),
        "WSGIToASGI, request": curve({n: _through_asgi(reads, up(n), n, times(n)) for n in BODIES}),
        "ASGIToWSGI, response": curve({n: _through_wsgi(pair[1], {}, 0, times(n)) for n, pair in senders.items()}),
        "ASGIToWSGI, request": curve(
            {n: _through_wsgi(bridge, {"CONTENT_LENGTH": str(n), "REQUEST_METHOD": "PUT"}, n, times(n)) for n in BODIES}
        ),
    }


def over_headers() -> dict[str, Curve]:
    """Return the cost of a small request by the number of its headers, which are all different."""
    ours, bridge = WSGIToASGI(wsgi_hello), ASGIToWSGI(asgi_hello)

    def asgi(count: int) -> Measure:
        headers = [(b"x-header-%d" % n, b"value of header %d" % n) for n in range(count)]
        return _through_asgi(ours, {**_scope([]), "headers": headers}, 0, REQUESTS)

    def wsgi(count: int) -> Measure:
        headers = {f"HTTP_X_HEADER_{n}": f"value of header {n}" for n in range(count)}
        return _through_wsgi(bridge, headers, 0, REQUESTS)

    return {
        "WSGIToASGI": curve({n: asgi(n) for n in HEADER_COUNTS}),
        "ASGIToWSGI": curve({n: wsgi(n) for n in HEADER_COUNTS}),
    }
