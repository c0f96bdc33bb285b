"""The module that runs servers for tests: failures have a reason, and no process is left running."""

import sys

import psutil
import pytest

from tests.real.serving import eventually, runs, serve


def python(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(["import signal, socket, subprocess, sys, time", *lines]), "{port}"]


LISTEN = 'sock = socket.create_server(("127.0.0.1", int(sys.argv[1])))'
READY = 'print("ready", flush=True)'
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
STAY = "time.sleep(60)"
OBEY = "signal.signal(signal.SIGTERM, lambda *_: sys.exit())"


def test_a_server_that_exits_at_once_fails_with_its_output() -> None:
    command = python('print("no such app", file=sys.stderr)', "sys.exit(3)")
    with pytest.raises(AssertionError, match="ended with status 3") as failure, serve(command):
        pass
    assert "no such app" in failure.value.__notes__[0]


def test_a_server_that_never_listens_fails_in_time() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.3 s: the server listens"), serve(python(STAY), within=0.3):
        pass


def test_an_error_in_the_block_has_a_note_with_the_servers_output() -> None:
    command = python(READY, LISTEN, STAY)
    with pytest.raises(ZeroDivisionError) as failure, serve(command):
        _ = 1 / 0
    assert "ready" in failure.value.__notes__[0]


def test_a_server_that_stops_on_sigterm_is_not_killed() -> None:
    with serve(python(OBEY, LISTEN, STAY)) as server:
        pass
    assert server.process.returncode == 0


def test_a_server_that_ignores_sigterm_is_killed() -> None:
    with serve(python(DEAF, LISTEN, STAY), grace=0.2) as server:
        pass
    assert server.process.returncode == -9


def test_all_processes_of_a_server_are_stopped_with_it() -> None:
    *child, _port = python(DEAF, READY, STAY)
    with serve(python(OBEY, f"subprocess.Popen({child!r}, start_new_session=True)", LISTEN, STAY)) as server:
        eventually(lambda: "ready" in server.log(), "the child ignores SIGTERM")
        descendants = psutil.Process(server.process.pid).children(recursive=True)
    assert len(descendants) == 1
    assert not runs(descendants[0])
