"""A program that a thread of the server controls: one poll() for the pipes, the exit, the timeouts and the client."""

import io
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateways.adapters.errors import ClientDisconnected
from gateways.adapters.run_cgi.in_thread import HALF_CLOSED, Client, ProgramInThread
from gateways.adapters.run_cgi.kills import CANCELLED
from gateways.adapters.run_cgi.limits import DEFAULT_TIMEOUTS, Timeouts
from gateways.adapters.run_cgi.process import spawn

NO_CLIENT = Client()
Start = Callable[..., ProgramInThread]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run a shell script."""
    running: list[ProgramInThread] = []

    def make(
        text: str, body: bytes | None = None, client: Client = NO_CLIENT, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> ProgramInThread:
        file = tmp_path / "program.sh"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        program = spawn([os.fsencode(file)], {b"PATH": os.fsencode(os.environ["PATH"])}, body is not None)
        each = ProgramInThread(program, timeouts, None if body is None else io.BytesIO(body), client)
        running.append(each)
        return each

    yield make
    for each in running:
        each.leave(False, CANCELLED)


def output(running: ProgramInThread) -> bytes:
    return b"".join(iter(running.read, b""))


def test_output_is_read_to_its_end_and_the_exit_status_is_returned(start: Start) -> None:
    running = start("echo one; echo two; exit 3")
    assert (output(running), running.settle()) == (b"one\ntwo\n", 3)


def test_a_body_larger_than_a_pipe_is_written_while_output_is_read(start: Start) -> None:
    body = os.urandom(500_000)
    running = start("cat", body)
    assert (output(running), running.settle()) == (body, 0)


def test_an_unread_body_is_not_an_error(start: Start) -> None:
    running = start("exec <&-; echo done", b"x" * 500_000)
    assert output(running) == b"done\n"


@pytest.mark.parametrize(
    ("timeouts", "verdict"),
    [
        (Timeouts(head=0.2), "no response headers for 0.2 seconds"),
        (Timeouts(total=0.2), "still running after 0.2 seconds"),
    ],
)
def test_silence_ends_at_the_timeout(start: Start, timeouts: Timeouts, verdict: str) -> None:
    running = start("exec sleep 60", timeouts=timeouts)
    with pytest.raises(TimeoutError, match=verdict):
        running.read()


def test_a_hang_up_of_the_clients_socket_is_detected_while_the_program_is_silent(start: Start) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        running = start("exec sleep 60", client=Client(ours.fileno(), lambda: True))
        theirs.close()
        with pytest.raises(ClientDisconnected):
            running.read()


def test_a_client_that_has_shut_down_its_sending_side_gets_the_response_of_a_slow_program(start: Start) -> None:
    """RFC 9112, 9.6; Apache and lighttpd serve it too."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        running = start("sleep 1; echo done", client=Client(ours.fileno(), lambda: False))
        theirs.shutdown(socket.SHUT_WR)
        assert output(running) == b"done\n"


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        served, _ = server.accept()
    with client, served:
        yield client, served


@pytest.mark.parametrize("resets", [False, True])
def test_a_client_that_has_closed_its_socket_terminates_a_silent_program(
    start: Start, connection: tuple[socket.socket, socket.socket], resets: bool
) -> None:
    client, served = connection
    running = start("exec sleep 60", client=Client(served.fileno()))
    if resets:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    began = time.monotonic()
    client.close()
    with pytest.raises(ClientDisconnected):
        running.read()
    assert resets == (time.monotonic() - began < HALF_CLOSED)


def test_a_reset_after_a_shutdown_of_the_sending_side_is_detected_at_once(
    start: Start, connection: tuple[socket.socket, socket.socket]
) -> None:
    client, served = connection
    running = start("sleep 0.3; echo one; exec sleep 60", client=Client(served.fileno()))
    client.shutdown(socket.SHUT_WR)
    assert running.read() == b"one\n"
    began = time.monotonic()
    client.close()
    served.send(b"one\n")
    with pytest.raises(ClientDisconnected):
        running.read()
    assert time.monotonic() - began < HALF_CLOSED / 2


def test_it_runs_without_select_poll_under_eventlet(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    body = os.urandom(300_000)
    with socket.socket() as client:
        running = start("cat; echo error >&2; sleep 0.1; echo end; exit 3", body, Client(client.fileno()))
        assert (output(running), running.settle()) == (body + b"end\n", 3)


def test_a_server_with_only_a_callable_is_polled(start: Start) -> None:
    asked: list[float] = []

    def has_left() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 1

    running = start("exec sleep 60", client=Client(-1, has_left))
    with pytest.raises(ClientDisconnected):
        running.read()
    assert len(asked) == 2


def test_a_program_that_cannot_be_watched_is_terminated(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    real = ProgramInThread.leave

    def leave(self: ProgramInThread, over: bool, kill: object) -> None:
        left.append(over)
        real(self, over, kill)  # type: ignore[arg-type]

    monkeypatch.setattr(ProgramInThread, "leave", leave)
    with pytest.raises(OverflowError):
        start("exec sleep 60", client=Client(1 << 40))
    assert left == [False]
