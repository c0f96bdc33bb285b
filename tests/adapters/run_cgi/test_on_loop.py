"""A program that an asyncio loop controls: its pipes, its timeouts, and the ways in which its response can end."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateways.adapters.concurrency.loops import MAX_IN_A_ROW
from gateways.adapters.errors import ClientDisconnected
from gateways.adapters.run_cgi.kills import CANCELLED
from gateways.adapters.run_cgi.limits import DEFAULT_TIMEOUTS, Timeouts
from gateways.adapters.run_cgi.on_loop import ProgramOnLoop
from gateways.adapters.run_cgi.process import spawn

Use = Callable[[ProgramOnLoop], Awaitable[Any]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Run a shell script on a new loop, and use it."""

    def make(text: str, use: Use, stdin: bool = False, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> Any:
        file = tmp_path / "program.sh"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

        async def main() -> Any:
            program = spawn([os.fsencode(file)], {b"PATH": os.fsencode(os.environ["PATH"])}, stdin)
            running = ProgramOnLoop(asyncio.get_running_loop(), program, timeouts, lambda: None)
            try:
                return await use(running)
            finally:
                running.leave(False, CANCELLED)

        return asyncio.run(main())

    return make


async def output(running: ProgramOnLoop) -> bytes:
    blocks = []
    while block := await running.read():
        blocks.append(block)
    return b"".join(blocks)


def test_output_is_read_to_its_end_and_the_exit_status_is_returned(run: Callable[..., Any]) -> None:
    async def use(running: ProgramOnLoop) -> tuple[bytes, int | None]:
        return await output(running), await running.settle()

    assert run("echo one; sleep 0.1; echo two; exit 3", use) == (b"one\ntwo\n", 3)


def test_a_program_that_is_always_faster_leaves_the_loop_time_for_other_calls(run: Callable[..., Any]) -> None:
    """If a server's send() does not wait, read() would never wait for a program that writes for ever."""
    reads = 10 * MAX_IN_A_ROW
    others: list[int] = []

    async def use(running: ProgramOnLoop) -> int:
        for number in range(reads):
            assert select.select([running.program.stdout], [], [], 60)[0]
            assert await running.read()
            asyncio.get_running_loop().call_soon(others.append, number)
        return len(others)

    assert run("exec yes", use) > reads // 2


def test_a_body_larger_than_a_pipe_is_written_while_output_is_read(run: Callable[..., Any]) -> None:
    body = os.urandom(500_000)

    async def use(running: ProgramOnLoop) -> bytes:
        async def feed() -> None:
            await running.write(body)
            running.end_of_body()

        read, _ = await asyncio.gather(output(running), feed())
        return read

    assert run("cat", use, stdin=True) == body


@pytest.mark.parametrize(
    ("timeouts", "verdict"),
    [
        (Timeouts(head=0.2), "no response headers for 0.2 seconds"),
        (Timeouts(total=0.2), "still running after 0.2 seconds"),
    ],
)
def test_silence_ends_at_the_timeout(run: Callable[..., Any], timeouts: Timeouts, verdict: str) -> None:
    with pytest.raises(TimeoutError, match=verdict):
        run("exec sleep 60", lambda running: running.read(), timeouts=timeouts)


@pytest.mark.parametrize("sends", [False, True])
def test_a_failure_interrupts_any_wait_of_the_request(run: Callable[..., Any], sends: bool) -> None:
    async def send(message: Any) -> None:
        await asyncio.Event().wait()

    async def use(running: ProgramOnLoop) -> None:
        asyncio.get_running_loop().call_later(0.1, running.fail, ClientDisconnected("it left"))
        await (running.send(send, {}) if sends else running.read())

    with pytest.raises(ClientDisconnected, match="it left"):
        run("exec sleep 60", use)


def test_a_failing_send_counts_as_a_disconnect(run: Callable[..., Any]) -> None:
    async def send(message: Any) -> None:
        raise BrokenPipeError("gone")

    with pytest.raises(ClientDisconnected, match="gone"):
        run("exec sleep 60", lambda running: running.send(send, {}))


def test_a_program_is_released_even_if_its_loop_cannot_remove_its_pipes(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    parted: list[bool] = []

    async def use(running: ProgramOnLoop) -> None:
        await running.read()
        real = running._loop.remove_reader
        monkeypatch.setattr("gateways.adapters.run_cgi.on_loop.pass_to_reaper", lambda *_: parted.append(True))

        def refuse(descriptor: int) -> bool:
            real(descriptor)
            raise RuntimeError("Event loop is closed")

        running.attend()
        monkeypatch.setattr(running._loop, "remove_reader", refuse)
        try:
            with pytest.raises(RuntimeError):
                running.leave(False, CANCELLED)
        finally:
            monkeypatch.undo()

    run("echo x; exec sleep 60", use)
    assert parted == [True]
