"""Server processes: their events, and their shutdown."""

import queue
import socket
from pathlib import Path

import pytest

from gateways.serving.job import Observe
from gateways.serving.listen import bind
from gateways.serving.process import EventQueue, ServerEvent, ServerProcess, end_all
from gateways.serving.server import Mode, side

ROOT = Path(__file__).parent.parent.parent.parent
MODES: tuple[Mode, ...] = ("wsgi", "asgi")
EACH = [(mode, server) for mode in MODES for server in side(mode).SERVERS]


class Started:
    """A server process, and its events one by one."""

    def __init__(self, mode: Mode, server: str, target: str, observe: Observe) -> None:
        self._incoming: EventQueue = queue.SimpleQueue()
        self.process = ServerProcess(mode, server, target, observe, bind("127.0.0.1", 0), self._incoming)

    def wait_for(self, kind: str, line: str = "") -> ServerEvent:
        """Return the next event of that kind and with that line."""
        while True:
            news = self._incoming.get(timeout=20)
            assert news is not None
            if news.kind == kind and line in news.line:
                return news

    def ask(self) -> None:
        """Send a request, and wait until the connection is closed."""
        with socket.create_connection(self.process.address, timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while connection.recv(65536):
                pass


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize(("mode", "server"), EACH)
def test_output_and_exceptions_of_an_app_are_reported(mode: Mode, server: str) -> None:
    started = Started(mode, server, f"tests.gateways.serving.noisy:{mode}", "steps")
    try:
        started.wait_for("ready")
        started.ask()
        started.wait_for("line", "printed by the app")
        started.wait_for("line", "ZeroDivisionError")
    finally:
        end_all([started.process])


def test_an_app_keeps_its_own_log_format() -> None:
    started = Started("wsgi", "waitress", "tests.gateways.serving.noisy:logs", "access")
    try:
        started.wait_for("ready")
        started.ask()
        assert started.wait_for("line", "logged by the app").line == "in its own format: logged by the app"
    finally:
        end_all([started.process])


@pytest.mark.parametrize(("mode", "server"), [("wsgi", "waitress"), ("asgi", "uvicorn")])
def test_sigterm_during_the_import_of_an_app_shows_no_traceback(mode: Mode, server: str, tmp_path: Path) -> None:
    target = tmp_path / "slow.py"
    target.write_text("import time\nprint('importing')\ntime.sleep(60)\n")
    started = Started(mode, server, str(target), "nothing")
    try:
        started.wait_for("line", "importing")
        started.process.terminate()
        started.wait_for("ended")
        assert started.process.lines == ["importing"]
    finally:
        end_all([started.process])


def test_a_server_that_cannot_load_its_app_exits_with_the_reason_in_its_last_line() -> None:
    started = Started("asgi", "uvicorn", "no.such.module:app", "nothing")
    try:
        started.wait_for("ended")
        assert started.process.lines[-1].startswith("no module 'no' in this folder")
    finally:
        end_all([started.process])


def test_a_server_is_stopped_with_its_child_processes() -> None:
    started = Started("wsgi", "gunicorn", "gateways.wsgi.app:app", "access")
    started.wait_for("ready")
    started.ask()
    batch = started.wait_for("events").batch
    assert batch is not None
    assert batch.events[0][3] == "access"
    end_all([started.process])
    started.wait_for("ended")  # so no process is left that keeps the output open
    with pytest.raises(ConnectionRefusedError):
        started.ask()
