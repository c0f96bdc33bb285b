"""An ASGI application that runs in this process, on a loop in another thread, from its start until close().

Knows when the application starts and ends: its lifespan, its live requests, the process's exit, and forks. It must not
know WSGI.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any

from ..asgi_types import ASGIApp
from ..concurrency import forks
from ..concurrency.loop_thread import BorrowedLoop
from ..errors import ClientDisconnected
from .exchange import GRACE, Exchange
from .lifespan import Lifespan, LifespanFailed
from .stream import Stream
from .websocket import WebSocketExchange

log = logging.getLogger("gateways.asgi")

DRAIN_SECONDS = 30.0  # timeout of close() for background work, in seconds; the same as gunicorn's graceful timeout
CLOSE_SECONDS = 10.0  # additional timeout of close() for the lifespan's shutdown, in seconds
SWEEP_SECONDS = 0.4  # interval between checks for disconnects, in seconds
_STREAM_SECONDS = GRACE + 2  # part of close()'s timeout that is reserved for ending detached streams, in seconds
_QUIET = 1.0  # time that close() waits for background work before it logs the wait, in seconds

_started: set[Running] = set()  # applications that are not closed, even if their adapter has been freed
_exiting = threading.Event()
_inherited: list[Running] = []  # applications of the parent process; freeing them here would end them in the parent


class Running:
    """An application that runs in this process: its loop, its lifespan and its live requests."""

    def __init__(self, app: ASGIApp, thread: BorrowedLoop, release: Callable[[], object]) -> None:
        self.thread, self._release = thread, release
        self._closing = threading.Lock()
        self._sweeping = False
        self.live: set[Exchange] = set()
        self.websockets: set[WebSocketExchange] = set()  # accepted WebSockets that have not ended
        self.streams: set[Stream] = set()  # detached responses whose connection is not closed
        self.lifespan = Lifespan(app)
        self.failure: str | None = None
        try:
            self.thread.refuse_inside()
        except RuntimeError:
            release()
            raise
        _started.add(self)
        thread.at_end.add(self._loop_ended)
        # The lifespan starts in an empty context, because it is not part of the first request.
        self._starting = Context().run(self.thread.run, self.lifespan.startup())

    def begin(self, exchange: Exchange, context: Context) -> None:
        """Make the application serve a request in `context`. Call it from a server's thread.

        The thread then waits for the items of the exchange's desk.
        """
        self.live.add(exchange)  # before post(): if the loop ends now, _loop_ended() must find the exchange
        self.thread.loop.post(partial(self._begin, exchange, context))

    def _begin(self, exchange: Exchange, context: Context) -> None:
        if not self._sweeping:
            self._sweeping = True
            # A timer keeps a reference to the context in which it is created. In a request's context, it would keep the
            # objects of this request alive.
            Context().run(self.thread.loop.call_later, SWEEP_SECONDS, self._sweep)
        exchange.start(self.live, context)

    def _sweep(self) -> None:
        """Notify requests whose clients have disconnected. One timer serves all requests, so no thread has to poll."""
        self._sweeping = bool(self.live)
        if self._sweeping:
            self.thread.loop.call_later(SWEEP_SECONDS, self._sweep)  # schedule this first: a check may raise
        for exchange in list(self.live):
            exchange.outlet.check()

    def _loop_ended(self) -> None:
        """Wake all threads of the server that wait for a response. Runs at the end of the loop's thread."""
        for exchange in list(self.live):
            exchange.outlet.close()

    def early_end_error(self) -> Exception:
        """Return the error to raise for a response that ended early, although the application raised no error."""
        if self.thread.alive():
            return ClientDisconnected()
        return RuntimeError(f"the event loop has ended: {self.thread.failure or 'it was stopped'}")

    def wait(self) -> None:
        """Wait until the application has started. If its startup failed, `failure` is the reason."""
        try:
            self._result(self._starting)
        except LifespanFailed as error:
            self.failure = str(error)
            log.error("%s; all requests to it will fail", error)
        except CancelledError:
            self.failure = "close() was called while the application was starting"
        except (
            BaseException
        ):  # a signal interrupted the wait, or the loop has ended: the next request starts the application again
            self.close_soon()
            raise

    def _result(self, future: Future[Any], limit: float | None = None) -> Any:
        """Return the result of a coroutine that runs on the loop.

        Raises TimeoutError after `limit` seconds, and RuntimeError if the loop ends.
        """
        end = None if limit is None else time.monotonic() + limit
        while True:
            left = SWEEP_SECONDS if end is None else min(SWEEP_SECONDS, max(0.0, end - time.monotonic()))
            if concurrent.futures.wait([future], timeout=left).done:
                return future.result()
            if not self.thread.alive():
                raise self.early_end_error()
            if end is not None and time.monotonic() >= end:
                raise TimeoutError

    def give_up(self) -> None:
        """Stop waiting for the application to start."""
        self._starting.cancel()

    def close(self, timeout: float = DRAIN_SECONDS, serving: Collection[int] = ()) -> None:
        """Stop the requests and the lifespan. Also stop the loop if no other application uses the loop.

        Wait up to `timeout` seconds for three kinds of work: background work of complete responses, requests whose
        client disconnected before the response began, and responses that are sent by the threads with the identifiers
        in `serving`. Detached streams have slightly less time, because ending them also takes time. Abort all other
        responses immediately.
        """
        with self._closing:
            if self not in _started:
                return
            try:
                self._close(timeout, serving)
            finally:
                self.abandon()

    def _close(self, timeout: float, serving: Collection[int]) -> None:
        if not self.thread.alive():
            reason = self.thread.failure or "it was stopped"
            log.warning("the application was not shut down: its event loop is not running (%s)", reason)
            return
        begun = threading.Event()
        ending = self.thread.run(self._end(begun, timeout, serving))
        try:
            if not begun.wait(CLOSE_SECONDS):  # the loop is blocked
                raise TimeoutError
            self._result(ending, timeout + 2 * GRACE + CLOSE_SECONDS)
        except TimeoutError:
            log.error("the application did not shut down in %g seconds", CLOSE_SECONDS)
        except RuntimeError as error:
            log.error("the application was not shut down: %s", error)
        finally:
            ending.cancel()  # a second Ctrl-C may have interrupted the wait

    def abandon(self) -> None:
        """Forget the application and release its loop. Does not shut down the lifespan."""
        if self in _started:
            _started.discard(self)
            self.thread.at_end.discard(self._loop_ended)
            self._release()

    def close_soon(self) -> None:
        """Run close() in a separate thread, because garbage collection must not block. The process's exit waits for it.

        If the exit has already begun, do nothing: _close_all() closes all applications, and Python 3.12.0 to 3.12.2
        cannot start a thread at that time.
        """
        if self in _started and not _exiting.is_set():
            threading.Thread(target=self.close, name="asgi-to-wsgi-close", daemon=True).start()

    async def _end(self, has_begun: threading.Event, seconds: float, serving: Collection[int]) -> None:
        has_begun.set()
        begun = time.monotonic()
        websockets = [asyncio.ensure_future(websocket.end()) for websocket in self.websockets]
        streams = [asyncio.ensure_future(stream.drain(seconds - _STREAM_SECONDS)) for stream in self.streams]
        live = [one for one in self.live if one.finished or not one.is_detached]
        drained = [one for one in live if one.finished or one.unanswered or one.server_thread in serving]
        ended = set(live).difference(drained)
        for exchange in ended:
            exchange.hang_up()
        await _wait((one.task for one in ended), GRACE + 1)
        if websockets:
            await asyncio.wait(websockets)  # each task has its own timeout
        pending = await _wait((one.task for one in drained), min(_QUIET, seconds) - (time.monotonic() - begun))
        if pending and seconds > _QUIET:
            log.warning("waiting up to %g seconds for background work: %s", seconds, _names(drained, pending))
            pending = await _wait(pending, seconds - (time.monotonic() - begun))
        if pending:
            log.error("background work was cancelled after %g seconds: %s", seconds, _names(drained, pending))
            for exchange in drained:
                exchange.cancel()
            await _wait(pending, GRACE)
        if streams:
            if not all(stream.done() for stream in streams):
                log.warning("waiting up to %g seconds for %d streams", seconds, len(streams))
            await asyncio.wait(streams)  # each task has its own timeout
        await asyncio.wait_for(self.lifespan.shutdown(), CLOSE_SECONDS)


async def _wait(tasks: Iterable[asyncio.Task[None] | None], seconds: float) -> set[asyncio.Task[None]]:
    """Wait up to `seconds` for tasks. Return the tasks that are still running."""
    running = {task for task in tasks if task is not None and not task.done()}
    return (await asyncio.wait(running, timeout=max(0.0, seconds)))[1] if running else running


def _names(exchanges: Iterable[Exchange], tasks: Collection[asyncio.Task[None]]) -> str:
    return ", ".join(exchange.name for exchange in exchanges if exchange.task in tasks)


def _close_all() -> None:
    """Close all applications at exit. Threads that are not daemons may still finish their responses."""
    _exiting.set()
    main = threading.main_thread()
    serving = {one.ident for one in threading.enumerate() if one.ident and not one.daemon and one is not main}
    end = time.monotonic() + DRAIN_SECONDS
    for running in list(_started):
        running.close(max(0.0, end - time.monotonic()), serving)


def _close_before_executors() -> None:
    """Make _close_all() run at exit before the executors stop accepting work.

    The executors stop in a threading hook, which runs before the hooks of atexit. The last registered hook runs first.
    """
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        try:
            register(_close_all)
        except RuntimeError:
            log.debug("the process is already exiting")


@forks.in_child
def _forked() -> None:
    _inherited.extend(_started)
    _started.clear()


# Import the executors before registering our hook: the hook that is registered last runs first, and an import during
# the exit could not register its hook.
import concurrent.futures.thread  # noqa: E402

with suppress(ImportError):  # on systems without processes
    import concurrent.futures.process

_close_before_executors()
atexit.register(_close_all)  # for embedded interpreters, which do not run the threading hook
