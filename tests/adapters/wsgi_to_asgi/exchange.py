"""One request and its response, from the side of a strict ASGI server.

Knows the ASGI HTTP specification (2.5) and its extensions. It must not know the adapter or the loop.
The test's thread calls the methods that act (`feed`, `leave`, `hold`, `fail`, `cancel`) and observe (`wait_*`,
`response`, `error`); the adapter calls `receive` and `send`, on the loop.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.adapters.wsgi_to_asgi.loops import PATIENCE, Loop, Running

Message = dict[str, Any]
ASGIApp = Callable[[Any, Any, Any], Awaitable[object]]


@dataclass
class Response:
    """A complete response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Plan:
    """Behaviour of the server and its client."""

    raise_when_gone: bool = True  # ASGI 2.4: send raises OSError after a disconnect; before 2.4, it was ignored
    fail_from: int | None = None  # number of the first send that raises
    failure: type[BaseException] = ConnectionResetError  # its exception
    tell_once: bool = False  # as in hypercorn, only the first receive() after a disconnect returns
    hold_from: int | None = None  # number of the first send that does not return, as with a client that does not read


class Exchange:
    """A running request."""

    def __init__(self, loop: Loop, app: ASGIApp, scope: dict[str, Any], plan: Plan, events: list[Message]) -> None:
        self.sent: list[Message] = []
        self.received = 0  # calls of receive()
        self.taken = 0  # bytes of the request body passed to the adapter
        self.violations: list[str] = []  # violations that a strict server would report
        self._bodies: list[bytes] = []  # bytes that each message of `sent` adds to the body
        self._loop, self._plan = loop, plan
        self._events = deque(events)
        self._left = self._told = self._sending = self._over = False
        self._changed = threading.Condition()
        self._turn = loop.call(loop.event)
        self._running: Running = loop.start(lambda: self._run(app, scope))

    # -- the server's side, on the loop

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self.receive, self.send)
        finally:
            self._change(lambda: setattr(self, "_over", True))

    def _change(self, act: Callable[[], object] = lambda: None) -> None:
        with self._changed:
            act()
            self._changed.notify_all()
        turn, self._turn = self._turn, self._loop.event()
        turn.set()

    async def _until(self, met: Callable[[], bool]) -> None:
        while not met():
            await self._turn.wait()

    async def receive(self) -> Message:
        self.received += 1
        self._change()
        await self._until(lambda: bool(self._events) or self._left or self.complete)
        if not self._events:
            if self._told and self._plan.tell_once:
                await self._until(lambda: self.complete)
            self._told = True
            return {"type": "http.disconnect"}
        message = self._events.popleft()
        self.taken += len(message.get("body", b""))
        self._change()
        return message

    async def send(self, message: Message) -> None:
        if self._left and not self._plan.raise_when_gone:
            return
        number = len(self.sent)
        if self._left or self._fails(number):
            raise self._plan.failure("the client is gone")
        if self._sending:
            self.violations.append("send() was called while another send() was under way")
        self._check(message)
        self._bodies.append(_body(message))
        self._change(lambda: self.sent.append(message))
        self._sending = True
        try:
            await self._until(lambda: not self._holds(number) or self._left or self._fails(number))
        finally:
            self._sending = False
        if self._fails(number) or (self._left and self._holds(number) and self._plan.raise_when_gone):
            raise self._plan.failure("the client is gone")

    def _fails(self, number: int) -> bool:
        return self._plan.fail_from is not None and number >= self._plan.fail_from

    def _holds(self, number: int) -> bool:
        return self._plan.hold_from is not None and number >= self._plan.hold_from

    def _check(self, message: Message) -> None:
        kind = message["type"]
        started = any(sent["type"] == "http.response.start" for sent in self.sent)
        if self.complete:
            self.violations.append(f"{kind} after the end of the response")
        if kind == "http.response.start":
            if started:
                self.violations.append("a second http.response.start")
            if type(message["status"]) is not int:
                self.violations.append(f"the status {message['status']!r}")
            self.violations += [f"the header {pair!r}" for pair in message.get("headers", ()) if not _is_header(pair)]
        elif kind in ("http.response.body", "http.response.zerocopysend", "http.response.pathsend"):
            if not started:
                self.violations.append(f"{kind} before http.response.start")
            if type(message.get("body", b"")) is not bytes:
                self.violations.append(f"the body {message['body']!r}")
        elif kind != "http.response.early_hint":
            self.violations.append(f"unknown message {kind}")

    # -- the script, from the test

    def feed(self, body: bytes = b"", more: bool = True) -> None:
        """Deliver a piece of the request body."""
        event = {"type": "http.request", "body": body, "more_body": more}
        self._loop.call(lambda: self._change(lambda: self._events.append(event)))

    def leave(self) -> None:
        """Disconnect the client."""
        self._loop.call(lambda: self._change(lambda: setattr(self, "_left", True)))

    def hold(self, number: int = 0) -> None:
        """Make send() wait from call number `number` on, counted from 0."""
        self._loop.call(lambda: self._change(lambda: setattr(self._plan, "hold_from", number)))

    def release(self) -> None:
        """Make the client read again. A waiting send() then continues."""
        self._loop.call(lambda: self._change(lambda: setattr(self._plan, "hold_from", None)))

    def fail(self, number: int = 0) -> None:
        """Make send() raise from call number `number` on, even if it waits."""
        self._loop.call(lambda: self._change(lambda: setattr(self._plan, "fail_from", number)))

    def cancel(self) -> None:
        """Cancel the task that runs the adapter."""
        self._loop.call(self._running.cancel)

    def forget(self) -> None:
        """Drop the adapter's exception, whose traceback references the whole request."""
        self._running.error = None

    # -- observations

    @property
    def complete(self) -> bool:
        last = self.sent[-1] if self.sent else {"type": ""}
        if last["type"] == "http.response.pathsend":
            return True
        return last["type"] in ("http.response.body", "http.response.zerocopysend") and not last.get("more_body", False)

    @property
    def types(self) -> list[str]:
        return [message["type"].removeprefix("http.response.") for message in self.sent]

    @property
    def body(self) -> bytes:
        with self._changed:
            return b"".join(self._bodies)

    @property
    def ended(self) -> bool:
        return self._running.ended.is_set()

    @property
    def cancelled(self) -> bool:
        return self._running.cancelled

    def wait_until(self, met: Callable[[], bool], what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: met() or self._over, PATIENCE):
                raise AssertionError(f"after {PATIENCE} s still waiting for {what}; sent so far: {self.types}")
        if not met():
            self.wait_end()
            raise AssertionError(f"the adapter ended before {what}") from self._running.error

    def wait_body(self, body: bytes) -> None:
        """Wait until the body sent so far starts with `body`."""
        self.wait_until(lambda: len(self.body) >= len(body), f"the body {body[:80]!r}")
        assert self.body.startswith(body)

    def wait_end(self) -> None:
        """Wait until the adapter's call has ended, successfully or not."""
        assert self._running.ended.wait(PATIENCE), (
            f"after {PATIENCE} s the adapter's call has not ended; sent: {self.types}"
        )

    def response(self) -> Response:
        """Return the complete response; the adapter's call must have succeeded."""
        self.wait_end()
        if self._running.error:
            raise AssertionError(f"the adapter raised {self._running.error!r}") from self._running.error
        assert self.complete, f"the response was not completed; sent: {self.types}"
        assert not self.violations, self.violations
        start = next(message for message in self.sent if message["type"] == "http.response.start")
        return Response(start["status"], [tuple(pair) for pair in start.get("headers", ())], self.body)

    def error(self) -> BaseException:
        """Return the exception of the adapter's call."""
        self.wait_end()
        assert not self.cancelled, "the adapter's call ended as if cancelled"
        assert self._running.error is not None, f"the adapter raised nothing; sent: {self.types}"
        return self._running.error


def _is_header(pair: Any) -> bool:
    name, value = pair
    return type(name) is bytes and type(value) is bytes and name == name.lower() and not name.startswith(b":")


def _body(message: Message) -> bytes:
    """Return the bytes that a message adds to the client's body."""
    if message["type"] == "http.response.zerocopysend":
        return _read_descriptor(message)
    if message["type"] == "http.response.pathsend":
        return Path(message["path"]).read_bytes()
    return bytes(message.get("body", b""))


def _read_descriptor(message: Message) -> bytes:
    """Return the bytes that sendfile() would send for a zerocopysend message."""
    descriptor = message["file"].fileno()
    if message.get("offset") is not None:
        os.lseek(descriptor, message["offset"], os.SEEK_SET)
    count = message.get("count")
    pieces = bytearray()
    while count is None or len(pieces) < count:
        piece = os.read(descriptor, 65536 if count is None else count - len(pieces))
        if not piece:
            break
        pieces += piece
    return bytes(pieces)
