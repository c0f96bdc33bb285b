"""Send requests to an ASGI app, within its lifespan, and check each message. The event loop runs in the thread that
imports the app.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from gateways.check.lint.asgi import Conversation
from gateways.check.send.answer import MAX_BLOCKS, Answer
from gateways.check.send.client import HOST, Client
from gateways.check.send.lifespan import LEAVE, Lifespan
from gateways.check.send.record import breach, lint, record
from gateways.check.send.watching import Watching
from gateways.requests.request import Request

EXTENSIONS = ("http.response.trailers", "http.response.early_hint", "http.response.push", "http.response.debug")
"""Extensions that some servers offer. The check offers none of them, and records each lookup by the app's own code."""


def send_all(app: Any, requests: Sequence[Request], seconds: float, watching: Watching) -> dict[str, str]:
    """Run the lifespan, send each request within it, and return the statuses."""
    return asyncio.run(_ask_all(app, requests, seconds, watching))


async def _ask_all(app: Any, requests: Sequence[Request], seconds: float, watching: Watching) -> dict[str, str]:
    notes, client = watching.notes, Client(watching.notes)
    lifespan = Lifespan(app, watching)
    notes.request = "lifespan"
    await lifespan.start(seconds)
    for request in requests:
        prepared = client.begin(request)
        answer = await watching.repeat_async(
            lambda prepared=prepared: _send(app, prepared, lifespan.state, seconds, watching),  # type: ignore[misc]
            request.is_safe,
        )
        watching.locals.look("request")
        record(answer, request.method, notes, watching.own)
        client.end(request, answer)
    notes.request = "lifespan"
    await lifespan.stop(seconds)
    return client.statuses


class _Extensions(dict[str, Any]):
    """An empty scope["extensions"] that records the keys that the app's own code looks up."""

    def __init__(self, watching: Watching) -> None:
        super().__init__()
        self._watching = watching

    def _look(self, key: Any) -> None:
        frame = sys._getframe(2)  # noqa: SLF001 - the caller of the caller
        if key in EXTENSIONS and self._watching.own.is_own(frame.f_code.co_filename):
            self._watching.notes.add("extension", f"{key!r} is looked up", self._watching.own.place(frame), name=key)

    def __contains__(self, key: object) -> bool:
        self._look(key)
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._look(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self._look(key)
        return super().__getitem__(key)


async def _send(app: Any, request: Request, state: dict[str, Any], seconds: float, watching: Watching) -> Answer:
    answer, conversation, left = Answer(), Conversation("http"), asyncio.Event()
    messages = [{"type": "http.request", "body": request.body or b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if left.is_set():
            raise OSError("the client has disconnected")
        lint(conversation, message, sys._getframe(1), watching)  # noqa: SLF001 - the caller
        _take(answer, message)
        if conversation.state == "complete":
            answer.whole = True
        if len(answer.times) >= MAX_BLOCKS:
            left.set()

    before = asyncio.all_tasks()
    task = asyncio.ensure_future(app(_scope(request, state, watching), receive, send))
    before.add(task)
    await _until(task, left, seconds)
    if not task.done():
        answer.error = "the app did not finish"
    elif not left.is_set():
        answer.error = _error(task)
    if task.done() and not answer.error and not left.is_set():
        breach(conversation.returned(), watching.notes)
    watching.background.tasks(before)
    return answer


async def _until(task: "asyncio.Task[None]", left: asyncio.Event, seconds: float) -> None:
    """Wait for the app. After `seconds`, send a disconnect; if the app still runs, cancel it."""
    leaving = asyncio.ensure_future(left.wait())
    await asyncio.wait([task, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not task.done():
        left.set()
        await asyncio.wait([task], timeout=LEAVE)
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=LEAVE)


def _error(task: "asyncio.Task[None]") -> str:
    if task.cancelled():
        return ""
    error = task.exception()
    return f"raised {type(error).__name__}: {error}" if error is not None and not isinstance(error, OSError) else ""


def _take(answer: Answer, message: Any) -> None:
    if not isinstance(message, dict):
        return
    if message.get("type") == "http.response.start" and isinstance(message.get("status"), int):
        answer.status = message["status"]
        decode: Callable[[Any], str] = lambda octets: bytes(octets).decode("latin-1")  # noqa: E731
        pairs = message.get("headers") or []
        answer.headers = [(decode(pair[0]), decode(pair[1])) for pair in map(tuple, pairs) if _octets(pair)]
    elif message.get("type") == "http.response.body" and isinstance(message.get("body", b""), bytes):
        answer.block(message.get("body", b""), time.monotonic())


def _octets(pair: tuple[Any, ...]) -> bool:
    return len(pair) == 2 and all(isinstance(each, bytes) for each in pair)


def _scope(request: Request, state: dict[str, Any], watching: Watching) -> dict[str, Any]:
    target, _, query = request.target.partition("?")
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    if request.body is not None:
        headers.append((b"content-length", b"%d" % len(request.body)))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(target),
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", HOST.encode()), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": dict(state),
        "extensions": _Extensions(watching),
    }
