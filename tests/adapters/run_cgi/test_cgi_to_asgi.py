"""Features of the ASGI host only, and requirements of the ASGI specification."""

import asyncio
import os
import uuid
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import uvloop

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.run_cgi.host import ProgramFailed
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.real.serving import eventually

Message = MutableMapping[str, Any]


def scope(path: str, query: str = "", method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": [], **more}


class Channel:
    """Both ends of a request, message by message."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[Message] = asyncio.Queue()
        self.responses: asyncio.Queue[Message] = asyncio.Queue()

    def body(self, body: bytes, more_body: bool = False) -> None:
        self.requests.put_nowait({"type": "http.request", "body": body, "more_body": more_body})

    async def next(self) -> Message:
        return await asyncio.wait_for(self.responses.get(), 20)


def test_the_response_headers_are_sent_when_they_are_written(programs: Path, tmp_path: Path) -> None:
    async def main() -> None:
        channel, seen = Channel(), tmp_path / "seen"
        channel.body(b"")
        request = scope("/head_then_waits_for_a_file.sh", str(seen))
        app = asyncio.create_task(CGIToASGI(programs)(request, channel.requests.get, channel.responses.put))
        assert (await channel.next())["type"] == "http.response.start"
        seen.touch()
        assert (await channel.next())["body"] == b"body\n"
        await app

    asyncio.run(main())


def test_a_program_can_respond_to_each_line_of_a_running_upload(programs: Path) -> None:
    async def main() -> None:
        channel = Channel()
        request = scope("/says_when.py", method="POST", headers=[(b"content-length", b"8")])
        channel.body(b"one\n", more_body=True)
        app = asyncio.create_task(CGIToASGI(programs)(request, channel.requests.get, channel.responses.put))
        assert (await channel.next())["type"] == "http.response.start"
        assert (await channel.next())["body"] == b"got one\n"
        channel.body(b"two\n")
        assert (await channel.next())["body"] == b"got two\n"
        await app

    asyncio.run(main())


def test_the_body_is_not_received_before_the_program_is_found(programs: Path) -> None:
    """Otherwise a client that sent Expect: 100-continue would get a 100."""

    async def main() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("received")

        async def send(message: Message) -> None:
            sent.append(message)

        request = scope("/missing", method="POST", headers=[(b"content-length", b"8")])
        await CGIToASGI(programs)(request, receive, send)
        return sent

    assert asyncio.run(main())[0]["status"] == 404


def test_a_truncated_body_starts_no_program(programs: Path) -> None:
    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex
        request = scope("/echo.py", mark, "POST", headers=[(b"transfer-encoding", b"chunked")])
        channel.body(b"part", more_body=True)
        channel.requests.put_nowait({"type": "http.disconnect"})
        await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)
        assert channel.responses.empty()
        assert not processes(mark)

    asyncio.run(main())


@pytest.mark.parametrize(
    "last", [{"type": "http.disconnect"}, {"type": "http.request", "body": b"", "more_body": False}]
)
def test_a_truncated_body_never_looks_complete(programs: Path, last: Message) -> None:
    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex
        request = scope("/writes_1mb_before_it_reads.py", mark, "POST", headers=[(b"content-length", b"9")])
        channel.body(b"part", more_body=True)
        channel.requests.put_nowait(last)
        await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)
        messages = [channel.responses.get_nowait() for _ in range(channel.responses.qsize())]
        assert all(message.get("more_body", True) for message in messages)
        assert_gone(mark, os.getpid())

    asyncio.run(main())


@pytest.mark.parametrize("size", [1000, 300_000, 4_000_000])
def test_a_disconnect_after_an_unread_body_terminates_the_program(programs: Path, size: int) -> None:
    """ASGI HTTP, "Disconnect": the event follows the body, which may be large."""

    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex
        request = scope("/writes_now_and_then.sh", mark, "POST", headers=[(b"content-length", b"%d" % size)])
        for begin in range(0, size, 50_000):
            channel.body(b"x" * min(50_000, size - begin), more_body=begin + 50_000 < size)
        app = asyncio.create_task(CGIToASGI(programs)(request, channel.requests.get, channel.responses.put))
        await channel.next()
        channel.requests.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(app, 20)
        await asyncio.to_thread(assert_gone, mark, os.getpid())

    asyncio.run(main())


def test_a_program_that_reads_late_gets_the_kept_data(programs: Path) -> None:
    """Safety: even after the second in which unread input may hide a disconnect; the end of file comes last."""

    async def main() -> None:
        channel, size = Channel(), 500_000
        request = scope("/answers_then_reads.py", method="POST", headers=[(b"content-length", b"%d" % size)])
        for _ in range(10):
            channel.body(b"x" * 50_000, more_body=True)
        channel.body(b"")
        await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)
        messages = [channel.responses.get_nowait() for _ in range(channel.responses.qsize())]
        assert channel.requests.empty()
        assert b"".join(message.get("body", b"") for message in messages) == b"begun\n500000 octets\n"

    asyncio.run(main())


def test_cancelling_the_task_terminates_the_program(programs: Path) -> None:
    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex
        channel.body(b"")
        request = scope("/ignores_sigterm.sh", mark)
        app = asyncio.create_task(CGIToASGI(programs)(request, channel.requests.get, channel.responses.put))
        await channel.next()
        app.cancel()
        with pytest.raises(asyncio.CancelledError):
            await app
        await asyncio.to_thread(assert_gone, mark, os.getpid())

    asyncio.run(main())


def test_a_send_that_never_returns_is_interrupted_by_a_disconnect(programs: Path) -> None:
    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex
        stuck = asyncio.Event()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                stuck.set()
                await asyncio.Event().wait()

        channel.body(b"")
        app = asyncio.create_task(CGIToASGI(programs)(scope("/writes_for_ever.sh", mark), channel.requests.get, send))
        await asyncio.wait_for(stuck.wait(), 20)
        channel.requests.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(app, 20)
        await asyncio.to_thread(assert_gone, mark, os.getpid())

    asyncio.run(main())


def test_a_send_that_raises_terminates_the_program(programs: Path) -> None:
    async def main() -> None:
        channel, mark = Channel(), uuid.uuid4().hex

        async def send(message: Message) -> None:
            raise OSError("gone")

        channel.body(b"")
        await CGIToASGI(programs)(scope("/writes_for_ever.sh", mark), channel.requests.get, send)
        await asyncio.to_thread(assert_gone, mark, os.getpid())

    asyncio.run(main())


def test_a_failure_after_the_response_headers_is_raised_to_the_server(programs: Path) -> None:
    async def main() -> None:
        channel = Channel()
        channel.body(b"")
        request = scope("/prints.py/kill/9", "X-A:%20b%0A%0Apart")
        with pytest.raises(ProgramFailed, match="signal 9"):
            await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)

    asyncio.run(main())


def test_an_http_2_request_may_have_a_body_without_announcing_it(programs: Path) -> None:
    async def main(body: bytes) -> bytes:
        channel = Channel()
        channel.body(body)
        request = scope("/report.py", method="POST", http_version="2")
        await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)
        await channel.next()
        got: bytes = (await channel.next())["body"]
        return got

    assert b'"CONTENT_LENGTH": "4"' in asyncio.run(main(b"body"))
    assert b"CONTENT_LENGTH" not in asyncio.run(main(b""))
    assert b'"SERVER_PROTOCOL": "HTTP/2.0"' in asyncio.run(main(b""))


def test_4_1_18_repeated_headers_are_joined_by_commas_and_cookies_by_semicolons(programs: Path) -> None:
    async def main() -> bytes:
        channel = Channel()
        channel.body(b"")
        headers = [(b"accept", b"a/b"), (b"accept", b"c/d"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
        await CGIToASGI(programs)(scope("/report.py", headers=headers), channel.requests.get, channel.responses.put)
        await channel.next()
        body: bytes = (await channel.next())["body"]
        return body

    body = asyncio.run(main())
    assert b'"HTTP_ACCEPT": "a/b, c/d"' in body
    assert b'"HTTP_COOKIE": "a=1; b=2"' in body


def test_root_path_is_the_start_of_script_name(programs: Path) -> None:
    async def main() -> bytes:
        channel = Channel()
        channel.body(b"")
        request = scope("/app/report.py/x", root_path="/app")
        await CGIToASGI(programs)(request, channel.requests.get, channel.responses.put)
        await channel.next()
        body: bytes = (await channel.next())["body"]
        return body

    body = asyncio.run(main())
    assert b'"SCRIPT_NAME": "/app/report.py"' in body
    assert b'"PATH_INFO": "/x"' in body


def test_lifespan_is_acknowledged_and_its_shutdown_closes_the_host(programs: Path) -> None:
    async def main() -> None:
        channel, requests, mark = Channel(), Channel(), uuid.uuid4().hex
        app = CGIToASGI(programs)
        life = asyncio.create_task(app({"type": "lifespan"}, channel.requests.get, channel.responses.put))
        channel.requests.put_nowait({"type": "lifespan.startup"})
        assert (await channel.next())["type"] == "lifespan.startup.complete"
        requests.body(b"")
        request = asyncio.create_task(app(scope("/is_silent.sh", mark), requests.requests.get, requests.responses.put))
        await asyncio.to_thread(eventually, lambda: processes(mark), "the program runs")
        channel.requests.put_nowait({"type": "lifespan.shutdown"})
        assert (await channel.next())["type"] == "lifespan.shutdown.complete"
        await life
        await request
        assert (await requests.next())["status"] == 502
        assert_gone(mark, os.getpid())

    asyncio.run(main())


def test_websocket_is_refused_and_any_other_scope_is_an_error(programs: Path) -> None:
    async def main() -> None:
        channel = Channel()
        channel.requests.put_nowait({"type": "websocket.connect"})
        await CGIToASGI(programs)({"type": "websocket"}, channel.requests.get, channel.responses.put)
        assert (await channel.next())["type"] == "websocket.close"
        with pytest.raises(ValueError, match="'mqtt'"):
            await CGIToASGI(programs)({"type": "mqtt"}, channel.requests.get, channel.responses.put)

    asyncio.run(main())


def test_on_uvloop_too_a_program_that_closed_its_output_is_not_waited_for(tmp_path: Path) -> None:
    """Timers may fire slightly early because of rounding: seen with one program in eight, so this test runs many."""
    program = tmp_path / "works_on.sh"
    program.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nover\\n'\nexec >&-\nsleep 30\n")
    program.chmod(0o755)

    async def main() -> None:
        host = CGIToASGI(program)
        channels = [Channel() for _ in range(40)]
        for channel in channels:
            channel.body(b"")
        async with asyncio.timeout(15):
            await asyncio.gather(*(host(scope("/"), each.requests.get, each.responses.put) for each in channels))
        host.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
