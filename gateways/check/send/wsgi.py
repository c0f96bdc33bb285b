"""Send requests to a WSGI app, wrapped by wsgiref.validate, on a thread that is not the importing thread."""

import io
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any
from urllib.parse import unquote_to_bytes

from gateways.check.lint.wsgi import validated
from gateways.check.send.answer import MAX_BLOCKS, Answer
from gateways.check.send.client import HOST, Client
from gateways.check.send.record import breach, record
from gateways.check.send.watching import Watching
from gateways.requests.request import Request


def send_all(app: Any, requests: Sequence[Request], seconds: float, watching: Watching) -> dict[str, str]:
    """Send each request and return the statuses.

    After `seconds`, stop reading a response. If the app still runs five seconds later, send no further request.
    """
    notes, own = watching.notes, watching.own
    linted = validated(app, lambda found, frame: breach([found], notes, own.place(frame)))
    worker, client = Worker(), Client(notes)
    statuses = client.statuses
    for request in requests:
        prepared = client.begin(request)
        try:
            answer = watching.repeat(
                lambda prepared=prepared: worker.call(lambda: _send(linted, prepared, seconds), seconds + 5),  # type: ignore[misc]
                request.is_safe,
            )
        except TimeoutError:
            statuses[notes.request] = f"not finished within {seconds + 5:g} s"
            notes.problems.append(f"{notes.request} did not finish, so later requests were not sent")
            break
        worker.call(lambda: watching.locals.look("request"), seconds)
        record(answer, request.method, notes, own)
        client.end(request, answer)
    return statuses


class Worker:
    """A thread that runs calls, as the worker thread of a server or adapter does."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="gateways-check-worker", daemon=True).start()

    def call(self, function: Callable[[], Any], seconds: float) -> Any:
        """Run the call on the thread and return its result. Raises TimeoutError, or the call's exception."""
        future: Future[Any] = Future()
        self._jobs.put((function, future))
        return future.result(seconds)

    def _run(self) -> None:
        while True:
            function, future = self._jobs.get()
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)


def _send(app: Any, request: Request, seconds: float) -> Answer:
    answer, until = Answer(), time.monotonic() + seconds

    def write(data: bytes) -> None:
        answer.block(data, time.monotonic())

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answer.status, answer.headers = int(status[:3]), list(headers)
        return write

    try:
        result = app(environ(request), start_response)
        try:
            for block in result:
                answer.block(block, time.monotonic())
                if len(answer.times) >= MAX_BLOCKS or time.monotonic() > until:
                    break
            else:
                answer.whole = True
        finally:
            if hasattr(result, "close"):
                result.close()
    except Exception as error:
        answer.error = f"raised {type(error).__name__}: {error}"
        logging.getLogger("gateways.check").debug("raised", exc_info=True)
    return answer


def environ(request: Request) -> dict[str, Any]:
    """Return the environ of a request (PEP 3333, environ Variables)."""
    target, _, query = request.target.partition("?")
    body = request.body or b""
    given: dict[str, str] = {"HTTP_HOST": HOST}
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        given[key] = f"{given[key]}, {value}" if key in given and key != "HTTP_HOST" else value
    if request.body is not None:
        given["CONTENT_LENGTH"] = str(len(body))
    return {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(target).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        **given,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
