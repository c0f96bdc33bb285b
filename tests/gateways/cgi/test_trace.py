"""Observed CGI programs: environment, pipes and exit are recorded, and every byte passes unchanged."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.run_cgi.limits import GRACE
from gateways.cgi.trace import watch
from gateways.events.access import ASGIApp, Message
from gateways.events.events import Event, raised

ECHO = "printf 'Content-Type: text/plain\\n\\n'; cat"


def program(folder: Path, script: str) -> CGIToASGI:
    file = folder / "program"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return CGIToASGI(file)


def ask(app: ASGIApp, body: bytes = b"", leave_after: float | None = None) -> list[Message]:
    """Return the app's messages for a POST of `body`. The client disconnects after `leaves` seconds, or never."""
    incoming: list[Message] = [{"type": "http.request", "body": body}]
    sent: list[Message] = []

    async def receive() -> Message:
        if incoming:
            return incoming.pop()
        await asyncio.sleep(leave_after if leave_after is not None else 3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/x",
        "query_string": b"a=1",
        "headers": [(b"content-length", b"%d" % len(body))],
    }

    async def main() -> None:
        answer: Awaitable[None] = app(scope, receive, send)
        await asyncio.wait_for(answer, 30)

    asyncio.run(main())
    return sent


class Events(list[Event]):
    """Return the recorded events; programs may exit after their response."""

    def wait(self, condition: Callable[["Events"], bool]) -> None:
        until = time.monotonic() + 10
        while not condition(self):
            assert time.monotonic() < until, self
            time.sleep(0.005)

    def of(self, kind: str) -> list[Any]:
        return [data for _, _, _, each, data in self if each == kind]


def ended(events: Events) -> bool:
    return bool(events.of("exit")) and b"" in events.of("stdout")


def body_of(sent: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


def test_every_step_is_recorded(tmp_path: Path) -> None:
    events = Events()
    sent = ask(watch(program(tmp_path, ECHO), events.append), b"some words")
    events.wait(ended)
    assert body_of(sent) == b"some words"
    assert events[0][3:] == ("request", ("POST", "/x", b"a=1", "1.1"))
    (environment,) = events.of("environment")
    assert environment["QUERY_STRING"] == "a=1"
    assert environment["CONTENT_LENGTH"] == "10"
    assert environment["GATEWAY_INTERFACE"] == "CGI/1.1"
    ((pid, name),) = events.of("process")
    assert pid != os.getpid()
    assert name == str(tmp_path / "program")
    assert events.of("stdin") == [b"some words", b""]
    assert b"".join(events.of("stdout")) == b"Content-Type: text/plain\n\nsome words"
    assert events.of("answer") == [(200, [(b"content-type", b"text/plain")])]
    assert b"".join(events.of("body")) == b"some words"
    assert events.of("exit") == [0]
    assert events.of("end") == [None]


def test_a_large_body_is_forwarded_in_both_directions_at_the_same_time(tmp_path: Path) -> None:
    body = os.urandom(2_000_000)
    events = Events()
    assert body_of(ask(watch(program(tmp_path, ECHO), events.append), body)) == body
    events.wait(ended)
    assert b"".join(events.of("stdin")) == body


def test_a_program_that_does_not_read_is_not_an_error(tmp_path: Path) -> None:
    events = Events()
    sent = ask(watch(program(tmp_path, "printf 'Status: 204\\n\\n'"), events.append), b"x" * 1_000_000)
    assert sent[0]["status"] == 204
    events.wait(ended)
    assert events.of("exit") == [0]


def test_stderr_is_recorded_line_by_line(tmp_path: Path) -> None:
    events = Events()
    script = "echo one >&2; printf 'two\\003' >&2; printf 'Content-Type: text/plain\\n\\nx'"
    ask(watch(program(tmp_path, script), events.append))
    events.wait(lambda events: ended(events) and len(events.of("stderr")) == 2)
    assert events.of("stderr") == ["one", "two\x03"]


def test_a_failing_program_is_recorded_with_the_error_that_the_server_gets(tmp_path: Path) -> None:
    events = Events()
    watched = watch(program(tmp_path, "printf 'Content-Type: text/plain\\n\\nx'; exit 70"), events.append)
    with pytest.raises(RuntimeError, match="exit status 70") as caught:
        ask(watched)
    events.wait(ended)
    assert events.of("exit") == [70]
    assert events.of("raised") == [raised(caught.value)]


def test_a_program_terminated_after_a_disconnect_is_recorded(tmp_path: Path) -> None:
    events = Events()
    ask(watch(program(tmp_path, "printf 'Content-Type: text/plain\\n\\n'; sleep 60"), events.append), leave_after=0.2)
    events.wait(ended)
    assert events.of("exit") == [-15]


def test_the_exit_is_recorded_when_the_program_ends_even_if_a_child_holds_its_output(tmp_path: Path) -> None:
    events = Events()
    script = "sleep 60 & printf 'Content-Type: text/plain\\nContent-Length: 1\\n\\nx'"
    host = program(tmp_path, script)
    ask(watch(host, events.append))
    events.wait(lambda events: bool(events.of("exit")))
    host.close()
    when = {kind: at for at, _, _, kind, _ in events}
    assert when["exit"] - when["end"] < GRACE  # recorded after the program was reaped


def test_a_request_without_a_program_is_recorded_with_its_refusal(tmp_path: Path) -> None:
    events = Events()
    host = program(tmp_path, ECHO)
    (tmp_path / "program").chmod(0o644)
    sent = ask(watch(host, events.append))
    assert sent[0]["status"] in (403, 404, 500)
    assert [kind for *_, kind, _ in events] == ["request", "answer", "body", "end"]


def test_no_thread_or_descriptor_is_left(tmp_path: Path) -> None:
    def left() -> tuple[int, int]:
        ours = [thread for thread in threading.enumerate() if thread.name.startswith("gateways-")]
        return len(ours), len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("descriptors are counted in /proc")
    watched = watch(program(tmp_path, ECHO), Events().append)
    ask(watched, b"warm up")
    before = left()[1]
    for _ in range(5):
        ask(watched, b"some words")
    until = time.monotonic() + 10
    while left() > (0, before):  # the first request may still hold descriptors during the count
        assert time.monotonic() < until, (left(), before)
        time.sleep(0.005)
