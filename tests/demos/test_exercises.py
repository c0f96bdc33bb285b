"""demos/exercises: their output agrees with their docstrings."""

import re
import shlex

import pytest

from tests.demos.asking import client
from tests.demos.starting import ENVIRONMENT, command, run, started
from tests.real.serving import eventually, serve


def said(name: str) -> str:
    return run(shlex.split(command(f"exercises/{name}.py", "python -m")))


def test_1_an_app_can_be_called_with_and_without_a_server() -> None:
    by_hand, serving = (f"python -m demos.exercises.hello_by_hand{option}" for option in ("", " --serve 8000"))
    assert run(by_hand.split()).split("\n") == [
        *("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 20", "", "Hello from /by/hand", "")
    ]
    with serve(serving.replace("8000", "{port}").split(), env=ENVIRONMENT) as server:
        assert client.get(f"{server.url}/by/wsgiref").text == "Hello from /by/wsgiref\n"


@pytest.mark.parametrize(
    ("server", "gaps"),
    [
        ("waitress-serve", {"WSGI call returned": 0, "WSGI response ended": 300}),
        ("uvicorn", {"ASGI head sent": 0, "ASGI response ended": 300, "ASGI call returned": 200}),
    ],
)
def test_2_a_response_takes_longer_than_the_call(server: str, gaps: dict[str, int]) -> None:
    """`gaps` are the minimum times between two events, in milliseconds."""

    def times() -> list[tuple[str, str]]:
        return re.findall(r"^(\w+ \w+ \w+): ([\d.]+) ms$", running.log(), re.MULTILINE)

    with started("exercises/timing.py", server) as running:
        assert client.get(running.url).text == "block 0\nblock 1\nblock 2\n"
        eventually(lambda: len(times()) == len(gaps), f"it says {', '.join(gaps)}")
        said = times()
    assert [what for what, _ in said] == [*gaps]
    moments = [0.0, *(float(moment) for _, moment in said)]
    for before, after, gap in zip(moments, moments[1:], gaps.values(), strict=False):
        assert after - before > gap - 5, said


def test_3_a_blocked_loop_starves_other_requests() -> None:
    for _ in range(3):  # a busy machine delays requests, too
        blocking, threaded = (float(seconds) for seconds in re.findall(r"up to ([\d.]+) s", said("starving")))
        if threaded < 0.4 < blocking:
            break
    assert threaded < 0.4 < blocking


def test_4_each_block_is_a_chunk_unless_the_length_is_known() -> None:
    lines = re.findall(r"^(.+?) +(\d) chunks, blocks at ([\d. ]+) s$", said("chunks"), re.MULTILINE)
    assert [int(chunks) for _, chunks, _ in lines] == [5, 0, 5, 5]
    for name, _, times in lines:
        first, *_, last = map(float, times.split())
        assert last - first >= 0.1, name  # 0.4 seconds, unless a busy machine delays the first block


def test_5_a_waiting_sync_app_occupies_its_threads() -> None:
    for _ in range(3):  # a busy machine may delay any of the three
        few_threads, loop, many_threads = (float(each) for each in re.findall(r"in ([\d.]+) s", said("fifty_ms")))
        if max(loop, many_threads) < few_threads:
            break
    assert few_threads > 0.49  # ten rounds of 50 ms
    assert loop < few_threads
    assert many_threads < few_threads


def test_6_a_websocket_is_one_call_on_an_asgi_server_and_on_a_wsgi_server() -> None:
    talk = [
        "the app received {'type': 'websocket.connect'}",
        "the app received {'type': 'websocket.receive', 'text': 'hello'}",
        "the client received 'hello'",
        "the app received {'type': 'websocket.receive', 'bytes': b'\\x00\\x01'}",
        "the client received b'\\x00\\x01'",
        "the app received {'type': 'websocket.disconnect', 'code': 1000, 'reason': ''}",
    ]
    assert said("echo_websocket").splitlines() == ["on uvicorn:", *talk, "on waitress:", *talk]


def test_7_the_response_ends_before_the_work_is_done() -> None:
    lines = re.findall(r"(\w+): answered after ([\d.]+) s, work done after ([\d.]+) s\n", said("after_response"))
    assert [name for name, _, _ in lines] == ["CGI", "WSGI", "ASGI"]
    for name, answered, done in lines:
        assert float(done) - float(answered) > 0.1, name  # 0.5 seconds, unless a busy machine delays the response
