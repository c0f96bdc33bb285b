"""Requests and the lifespan of an ASGI app on an event loop in the importing thread, each message linted."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any
from urllib.parse import unquote

from gateways.check.ask.answer import MOST, Answer
from gateways.check.ask.client import HOST, Client
from gateways.check.ask.told import breach, tell
from gateways.check.ask.watching import Watching
from gateways.check.lint.asgi import Conversation
from gateways.check.watch.own import Own, at
from gateways.requests.request import Request

LEAVE = 1.0
"""Seconds that an app has to return after http.disconnect."""

EXTENSIONS = ("http.response.trailers", "http.response.early_hint", "http.response.push", "http.response.debug")
"""Extensions of other servers; not offered, and a look for one by own code is recorded."""


def ask_all(app: Any, requests: Sequence[Request], seconds: float, watching: Watching) -> dict[str, str]:
    """Run the lifespan, make each request in it, and return the statuses."""
    return asyncio.run(_ask_all(app, requests, seconds, watching))


async def _ask_all(app: Any, requests: Sequence[Request], seconds: float, watching: Watching) -> dict[str, str]:
    notes, client = watching.notes, Client(watching.notes)
    lifespan = Lifespan(app, watching)
    notes.request = "lifespan"
    await lifespan.start(seconds)
    for request in requests:
        prepared = client.begin(request)
        if prepared is None:
            continue
        answer = await watching.repeat_async(
            lambda prepared=prepared: _ask(app, prepared, lifespan.state, seconds, watching),  # type: ignore[misc]
            request.is_safe,
        )
        watching.locals.look("request")
        tell(answer, request.method, notes, watching.own)
        client.end(request, answer)
    notes.request = "lifespan"
    await lifespan.stop(seconds)
    return client.statuses


class Lifespan:
    """The lifespan of an app. An app without one raises, and is served without (ASGI, Lifespan: Scope)."""

    def __init__(self, app: Any, watching: Watching) -> None:
        self.state: dict[str, Any] = {}
        self._app, self._watching = app, watching
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._sent: list[str] = []
        self._conversation = Conversation("lifespan")
        self._task: asyncio.Task[None] | None = None
        self._direct = False  # the app's own code sends, and not a framework's

    async def start(self, seconds: float) -> None:
        """Send startup and wait for the answer; record the handler that ran."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._events.put_nowait({"type": "lifespan.startup"})
        began = time.perf_counter()
        called = _Called(self._watching.own)
        sys.setprofile(called.profile)
        try:
            self._task = asyncio.ensure_future(self._app(scope, self._receive, self._send))
            await self._wait(seconds)
        finally:
            sys.setprofile(None)
        took = time.perf_counter() - began
        if "lifespan.startup.failed" in self._sent:
            self._watching.notes.problems.append("the lifespan startup failed; requests were made without it")
        if self._sent and called.first is not None:
            code = called.first.f_code
            place = at(code.co_filename, code.co_firstlineno)
            place = self._watching.own.place_of_code(code) or place
            message = f"{code.co_name} ran during lifespan.startup, in {took * 1000:.1f} ms"
            self._watching.notes.add("lifespan", message, place, name=code.co_name, milliseconds=took * 1000)

    async def stop(self, seconds: float) -> None:
        """Send shutdown and wait for the end of the app."""
        if self._task is None or self._task.done():
            return
        self._answered.clear()
        self._conversation.received("lifespan.shutdown")
        self._events.put_nowait({"type": "lifespan.shutdown"})
        await self._wait(seconds)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LEAVE)

    async def _wait(self, seconds: float) -> None:
        assert self._task is not None
        answered = asyncio.ensure_future(self._answered.wait())
        await asyncio.wait([self._task, answered], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if self._task.done() and not self._task.cancelled():
            self._task.exception()  # an app without a lifespan may raise

    async def _receive(self) -> dict[str, Any]:
        return await self._events.get()

    async def _send(self, message: Any) -> None:
        _lint(self._conversation, message, sys._getframe(1), self._watching)  # noqa: SLF001 - the caller
        if isinstance(message, dict):
            self._sent.append(str(message.get("type")))
        self._answered.set()


def _lint(conversation: Conversation, message: Any, sender: FrameType, watching: Watching) -> None:
    is_own = watching.own.is_own(sender.f_code.co_filename)
    breaches = [each for each in conversation.sent(message) if is_own or not each.forgiven]
    breach(breaches, watching.notes, watching.own.place(sender))


class _Called:
    """The first own function that the startup calls: its handler, or the app itself if that answers the lifespan.

    Not a handler: middleware, which has scope, send or message, and constructors, which frameworks call on the first
    scope of any kind.
    """

    def __init__(self, own: Own) -> None:
        self.first: FrameType | None = None
        self._own = own

    def profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or self.first is not None or not self._own.is_own(code.co_filename):
            return
        answers = "lifespan.startup.complete" in code.co_consts
        arguments = set(code.co_varnames[: code.co_argcount])
        if not answers and (arguments & {"scope", "send", "message"} or _constructs(frame)):
            return
        self.first = frame


def _constructs(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in ("__init__", "__new__", "build_middleware_stack"):
            return True
        frame = frame.f_back
    return False


class _Extensions(dict[str, Any]):
    """scope["extensions"], empty; records which key own code looks for."""

    def __init__(self, watching: Watching) -> None:
        super().__init__()
        self._watching = watching

    def _look(self, key: Any) -> None:
        frame = sys._getframe(2)  # noqa: SLF001 - the caller of the method that called this
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


async def _ask(app: Any, request: Request, state: dict[str, Any], seconds: float, watching: Watching) -> Answer:
    answer, conversation, left = Answer(), Conversation("http"), asyncio.Event()
    messages = [{"type": "http.request", "body": request.body or b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if left.is_set():
            raise OSError("the client has left")
        _lint(conversation, message, sys._getframe(1), watching)  # noqa: SLF001 - the caller
        _take(answer, message)
        if conversation.state == "complete":
            answer.whole = True
        if len(answer.times) >= MOST:
            left.set()

    before = asyncio.all_tasks()
    task = asyncio.ensure_future(app(_scope(request, state, watching), receive, send))
    before.add(task)
    await _until(task, left, seconds)
    if not task.done():
        answer.error = "it did not end"
    elif not left.is_set():
        answer.error = _error(task)
    if task.done() and not answer.error and not left.is_set():
        breach(conversation.returned(), watching.notes)
    watching.background.tasks(before)
    return answer


async def _until(task: "asyncio.Task[None]", left: asyncio.Event, seconds: float) -> None:
    """Wait for the app; after `seconds` the client leaves, and then the app is cancelled."""
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
