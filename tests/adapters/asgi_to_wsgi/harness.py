"""The server's side of PEP 3333. A test drives it one step at a time; each step has a time limit, so a hang is a
failure.

Knows WSGI. It must not know the adapter or the app.
"""

from __future__ import annotations

import queue
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Self

from .patience import PATIENCE
from .request import Environ, environ

WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Hang(AssertionError):
    """A step of the server did not end; the text shows the stack of its thread."""


class Exchange:
    """One request, as one thread of a WSGI server performs it: call(), block() until None, close()."""

    def __init__(self, app: WSGIApp, given: Environ | None = None) -> None:
        self.app = app
        self.environ = environ() if given is None else given
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.head_threads: list[int] = []
        self.result: Iterable[bytes] | None = None
        self.blocks: list[bytes] = []
        self.sent = 0  # bytes that a client would have
        self._iterator: Iterator[bytes] | None = None
        self._running: Future[Any] = Future()
        self._steps: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="wsgi-server", daemon=True)
        self.thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.result is not None:
            self.begin(self._close)
        self._steps.put(None)

    # --- actions of the server, called by the test

    def call(self) -> Iterable[bytes]:
        """Call the application; its return value is also in `result`."""
        return self._wait(self.begin(self._call), "the call of the application object")  # type: ignore[no-any-return]

    def block(self) -> bytes | None:
        """Return the next block, None at the end. The response headers count as sent from the first non-empty block
        on.
        """
        return self._wait(self.begin(self._next), "the next block")  # type: ignore[no-any-return]

    def rest(self) -> bytes:
        """Read to the end; return these bytes."""
        before = len(self.blocks)
        while self.block() is not None:
            continue
        return b"".join(self.blocks[before:])

    def close(self) -> None:
        """Close the result, which PEP 3333 requires in every case."""
        self._wait(self.begin(self._close), "close()")

    def run(self) -> Exchange:
        """Make the complete request: call, read all, close, in this order even after an exception."""
        try:
            self.call()
            self.rest()
        finally:
            if self.result is not None:
                self.close()
        return self

    def begin(self, step: Callable[[], Any]) -> Future[Any]:
        """Make the server's thread run `step`, without waiting for the result."""
        future: Future[Any] = Future()
        self._steps.put((step, future))
        return future

    def begin_block(self) -> Future[Any]:
        """Start block() without waiting for it."""
        return self.begin(self._next)

    def begin_run(self) -> None:
        """Start to call the application and read the whole response. finish() waits for the end."""
        self._running = self.begin(self._run)

    def finish(self) -> bytes:
        """Wait for begin_run(); return the whole body."""
        self._wait(self._running, "the request")
        return self.body

    # --- results, read by the test

    @property
    def body(self) -> bytes:
        """The bytes that a client would have received so far."""
        return b"".join(self.blocks)

    @property
    def code(self) -> int:
        """The status code of the response; 0 before start_response()."""
        return int(self.status[:3] or 0)

    def values(self, name: str) -> list[str]:
        """The values of one header, in order."""
        return [value for key, value in self.headers if key.lower() == name]

    def own_headers(self) -> list[tuple[str, str]]:
        """The headers, names in lower case, without a Content-Length: an adapter may add one to a whole response."""
        return [(name.lower(), value) for name, value in self.headers if name.lower() != "content-length"]

    # --- in the server's thread

    def _work(self) -> None:
        while (job := self._steps.get()) is not None:
            step, future = job
            try:
                future.set_result(step())
            except BaseException as error:
                future.set_exception(error)
            del job, step, future

    def _wait(self, future: Future[Any], what: str) -> Any:
        try:
            return future.result(PATIENCE)
        except TimeoutError:
            if future.done():
                raise  # the application's own
        frame = sys._current_frames().get(self.thread.ident or 0)
        stack = "".join(traceback.format_stack(frame)) if frame else "(its thread is gone)"
        raise Hang(f"{what} has not ended after {PATIENCE} s; the server's thread stands at\n{stack}")

    def _call(self) -> Iterable[bytes]:
        self.result = self.app(self.environ, self._start_response)
        return self.result

    def _next(self) -> bytes | None:
        assert self.result is not None
        if self._iterator is None:
            self._iterator = iter(self.result)
        block = next(self._iterator, None)
        if block is not None:
            assert type(block) is bytes, f"a block is {type(block).__name__}; PEP 3333 requires bytes"
            assert self.status, "a block came before start_response() was called"
            self._write(block)
        return block

    def _run(self) -> None:
        self._call()
        while self._next() is not None:
            continue

    def _close(self) -> None:
        close = getattr(self.result, "close", None)
        if close is not None:
            close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[..., Any]:
        self.head_threads.append(threading.get_ident())
        if exc_info is None:
            assert not self.status, "start_response() was called twice without exc_info"
        elif self.sent:
            raise exc_info[1]
        assert type(status) is str, f"the status is {status!r}; PEP 3333 requires a str"
        assert re.fullmatch(r"[0-9]{3} .*", status), f"the status is {status!r}; PEP 3333 requires '200 OK'"
        assert type(headers) is list, f"headers are a {type(headers).__name__}; PEP 3333 requires a list"
        for header in headers:
            assert type(header) is tuple, f"the header {header!r} is not a tuple"
            assert [type(part) for part in header] == [str, str], f"the header {header!r} is not two str"
        self.status, self.headers = status, headers
        return self._write

    def _write(self, block: bytes) -> None:
        self.blocks.append(block)
        self.sent += len(block)


def fetch(app: WSGIApp, given: Environ | None = None) -> Exchange:
    """Make a complete request; raise what the application raises."""
    with Exchange(app, given) as exchange:
        return exchange.run()


def open_stream(app: WSGIApp, path: str = "/") -> Exchange:
    """Start a request, and read the first block."""
    exchange = Exchange(app, environ(path=path))
    exchange.call()
    assert exchange.block()
    return exchange


class Outcome:
    """The result of a complete request, as a server sees it: `error`, `code` and `body`. An error is not raised."""

    def __init__(self, app: WSGIApp, given: Environ | None = None) -> None:
        self.error: BaseException | None = None
        with Exchange(app, given) as exchange:
            try:
                exchange.run()
            except BaseException as error:
                self.error = error
        self.code, self.body = exchange.code, exchange.body

    @property
    def failed(self) -> bool:
        """True if the server got an error that its worker survives, or the adapter's own 500."""
        return isinstance(self.error, Exception) or (self.error is None and self.code >= 500)


def threads() -> set[threading.Thread]:
    """Return all live threads except those of the test servers."""
    return {thread for thread in threading.enumerate() if thread.name != "wsgi-server"}
