"""CGIToASGI on trio, which has no asyncio loop: each running program has a thread."""

from pathlib import Path
from typing import Any

import pytest
import trio

from gateways.adapters.cgi_to_asgi import CGIToASGI
from tests.adapters.run_cgi.asking import InASGI, Request


def run(host: CGIToASGI, target: str, count: int) -> list[tuple[int, bytes]]:
    """Make `count` concurrent requests."""
    answers: list[tuple[int, bytes]] = []

    async def one() -> None:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            if not sent:
                return {"type": "http.request", "body": b"", "more_body": False}
            return await trio.sleep_forever()

        async def send(message: Any) -> None:
            await trio.lowlevel.checkpoint()
            sent.append(message)

        await host(InASGI._scope(Request(target)), receive, send)
        answers.append((sent[0]["status"], b"".join(message.get("body", b"") for message in sent)))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(one)

    trio.run(main)
    return answers


@pytest.mark.parametrize(
    ("target", "body"), [("/hello.sh", b"hello\n"), ("/closes_stdout_and_works_on.sh?/dev/null", b"over\n")]
)
def test_programs_are_run(programs: Path, target: str, body: bytes) -> None:
    host = CGIToASGI(programs)
    assert run(host, target, 3) == [(200, body)] * 3
    host.close()


def test_requests_beyond_the_queue_get_a_503_and_are_counted(programs: Path) -> None:
    host = CGIToASGI(programs, limit=2, queue=1)
    statuses = sorted(status for status, _ in run(host, "/sleeps_half_a_second.sh", 6))
    rejected = statuses.count(503)
    assert statuses == [200] * (6 - rejected) + [503] * rejected
    assert rejected >= 1
    figures = host.stats()
    assert (figures.requests, figures.rejected, figures.waiting) == (6, rejected, 0)
    host.close()
