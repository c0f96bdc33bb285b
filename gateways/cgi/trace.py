"""Observe a CGI program: its environment, its three pipes, and its exit. It must not know WSGI or ASGI apps.

The program's behaviour does not change, because the same host starts it in the same way. A tap between its pipes and
the host forwards each byte immediately, in both directions. Only its stderr is recorded instead of logged.
"""

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from time import perf_counter
from typing import Any

from gateways.adapters import CGIToASGI
from gateways.adapters.run_cgi.environ import Variables
from gateways.adapters.run_cgi.host import CGIHost
from gateways.adapters.run_cgi.program import Program
from gateways.events.access import ASGIApp, Message, Receive, Scope, Send, access_log
from gateways.events.events import Record, raised

__all__ = ["access_log", "watch"]

Note = Callable[[str, Any], None]

BLOCK = 65536
LONGEST_LINE = 2000

PASSING = 0.05
"""Timeout, in seconds, for the rest of the output to pass the tap after the program has exited. The tap waits this long
only if children of the program keep its stdout open."""

_note: ContextVar[Note] = ContextVar("note")


def watch(host: CGIToASGI, record: Record) -> ASGIApp:
    """Return the host as an app that records an event for each step of its programs, and for its response."""
    exchanges = count(1)

    def started(variables: Variables, program: Program) -> None:
        _start(_note.get(), variables, program)

    host.on_start = started

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await host(scope, receive, send)
        exchange = next(exchanges)

        def note(kind: str, data: Any) -> None:
            record((perf_counter(), threading.get_ident(), exchange, kind, data))

        async def noted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                note("answer", (message["status"], message["headers"]))
            else:
                note("body", message.get("body", b""))
            await send(message)

        path = scope.get("raw_path") or scope["path"]
        note("request", (scope["method"], path, scope.get("query_string", b""), scope.get("http_version")))
        _note.set(note)
        try:
            await host(scope, receive, noted_send)
        except BaseException as error:
            note("raised", raised(error))
            raise
        finally:
            note("end", None)

    return watched


def watch_programs(host: CGIHost, record: Record) -> None:
    """Record each program that the host runs as a separate exchange. The observer of the server's interface records the
    requests to the host.
    """
    exchanges = count(1)

    def started(variables: Variables, program: Program) -> None:
        exchange = next(exchanges)

        def note(kind: str, data: Any) -> None:
            record((perf_counter(), threading.get_ident(), exchange, kind, data))

        _start(note, variables, program)

    host.on_start = started


def _start(note: Note, variables: Variables, program: Program) -> None:
    note("environment", {os.fsdecode(name): os.fsdecode(value) for name, value in variables.items()})
    note("process", (program.pid, program.name))
    tap(program, note)


def tap(program: Program, note: Note) -> None:
    """Insert a tap into the pipes of a program that has just been started, and record its exit."""
    if program.stdin >= 0:
        outer, inner = program.stdin, os.pipe()
        program.stdin = inner[1]
        _pass_on(inner[0], outer, lambda data: note("stdin", data), program.stdin)
    outer, inner = program.stdout, os.pipe()
    program.stdout = inner[0]
    output = _pass_on(outer, inner[1], lambda data: note("stdout", data), program.stdout)
    outer, inner = program.stderr, os.pipe()
    program.stderr = inner[0]
    os.close(inner[1])
    threading.Thread(target=_lines, args=(outer, note), name="gateways-stderr", daemon=True).start()

    def noted_end() -> None:
        note("exit", program.returncode)
        output.join(PASSING)  # the host must read the rest of the output before it detects the exit

    program.on_ended = noted_end


def _pass_on(source: int, sink: int, noted: Callable[[bytes], None], ours: int) -> threading.Thread:
    """Copy from `source` to `sink` until either is closed, on a new thread. `ours` is the end that the host uses."""
    os.set_blocking(ours, False)
    for end in (source, sink):
        os.set_blocking(end, True)

    def copy() -> None:
        with os.fdopen(source, "rb", buffering=0) as reader, os.fdopen(sink, "wb", buffering=0) as writer:
            try:
                while data := reader.read(BLOCK):
                    noted(data)
                    view = memoryview(data)
                    while view:
                        view = view[writer.write(view) :]
            except BrokenPipeError:
                return  # the reader has closed its pipe; closing the source notifies the writer
            noted(b"")

    thread = threading.Thread(target=copy, name="gateways-tap", daemon=True)
    thread.start()
    return thread


def _lines(source: int, note: Note) -> None:
    os.set_blocking(source, True)
    with os.fdopen(source, "rb") as stream:
        while line := stream.readline(LONGEST_LINE):
            note("stderr", line.decode("utf-8", "backslashreplace").rstrip())
