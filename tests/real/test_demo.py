"""`gateways demo` as people use it: each server, the printed commands pasted, Ctrl-C, and what can go wrong."""

import http.client
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import ioctl

import pytest

from gateways.serving.server import MODES, side
from tests.programs import require_program
from tests.real.running import AT_ONCE, PATIENCE, Running

EACH = [(mode, server) for mode in MODES for server in side(mode).SERVERS]
FIRST = {"cgi": "environment", "wsgi": "environ", "asgi": "scope"}


def paste(command: str) -> str:
    """Return the output of the pasted command."""
    require_program("curl")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout


@contextmanager
def asked(url: str) -> Iterator[socket.socket]:
    """A connection with a sent request whose response is not read."""
    host, port, path = re.fullmatch(r"http://([^/]+):(\d+)(/.*)", url).groups()  # type: ignore[union-attr]
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        yield connection


@pytest.mark.parametrize(("mode", "server"), EACH)
def test_each_server_shows_the_pasted_commands_and_stops_on_ctrl_c(mode: str, server: str) -> None:
    with Running("demo", "--mode", mode, "--server", server, "--port", "0") as demo:
        (url,) = demo.urls
        hello, stream, echo = demo.commands
        assert f"{url}  {server} {side(mode).SERVERS[server].version()}, " in demo.said[0]  # type: ignore[arg-type]
        assert paste(hello) == "Hello, you!\n"
        assert paste(stream) == "chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n"
        assert paste(echo) == "some words"
        shown = "\n".join(demo.wait_for(r" 200 · \d+ bytes · ", count=3))
        for heading in (
            "GET /hello?name=you HTTP/1.1",
            "GET /stream?chunks=3&delay=0.5 HTTP/1.1",
            "POST /echo HTTP/1.1",
        ):
            assert f" {heading}\n" in shown
        assert shown.count(f" ms → {FIRST[mode]}\n") >= 3
        assert "b'chunk 2 of 3\\n'" in shown
        assert "b'some words'" in shown
        with asked(f"{url}/sleep?seconds=10"):
            demo.wait_for(r"GET /sleep\?seconds=10")
            if mode == "cgi":
                demo.tree(lambda seen: len(seen) >= 2)
            status, took = demo.end(signal.SIGINT, whole_group=True)
        assert status == 0
        assert took < AT_ONCE
        assert demo.left() == []


def test_all_three_run_at_once_and_stop_on_sigterm_during_streams() -> None:
    with Running("demo", "--port", "0") as demo:
        urls = demo.urls
        assert [line.split()[0] for line in demo.said[:4]] == ["page", "CGI", "WSGI", "ASGI"]
        demo.wait_for("^ASGI 1 +lifespan")
        assert len({*urls, demo.page}) == 4
        assert paste(demo.commands[0]).count("Hello, you!\n") == 3
        assert paste(demo.commands[2]).count("some words") == 3
        demo.wait_for(" 200 · 12 bytes", count=3)
        with ExitStack() as connections:
            for url in urls:
                connections.enter_context(asked(f"{url}/stream?chunks=100&delay=0.1"))
            connections.enter_context(asked(f"{demo.page}/feed"))
            for mode in ("CGI", "WSGI", "ASGI"):
                demo.wait_for(f"^{mode} .*chunk 3 of 100")  # live: long before the end
            assert len(demo.tree(lambda seen: len(seen) >= 5)) >= 5
            status, took = demo.end(signal.SIGTERM)
        assert status == 0
        assert took < AT_ONCE
        assert demo.left() == []


def test_concurrent_requests_are_shown_separately() -> None:
    with Running("demo", "--mode", "asgi", "--port", "0") as demo:
        (url,) = demo.urls
        with asked(f"{url}/stream?chunks=4&delay=0.1"), asked(f"{url}/stream?chunks=5&delay=0.1"):
            said = demo.wait_for(" 200 · ", count=2)
    numbers = {re.match(r"ASGI (\d+)", line)[1] for line in said if "chunk 2 of" in line}  # type: ignore[index]
    assert len(numbers) == 2
    for number in numbers:
        lines = [line for line in said if line.startswith(f"ASGI {number} ") and "'chunk " in line]
        of = re.search(r"of (\d)", lines[0])[1]  # type: ignore[index]
        assert [re.search(r"chunk (\d of \d)", line)[1] for line in lines] == [  # type: ignore[index]
            f"{n} of {of}" for n in range(1, int(of) + 1)
        ]


@pytest.mark.parametrize("mode", MODES)
def test_quiet_prints_one_line_per_request(mode: str) -> None:
    with Running("demo", "--mode", mode, "--port", "0", "--quiet") as demo:
        for command in demo.commands:
            paste(command)
        before = len(demo.said)
        paste(f"curl '{demo.urls[0]}/no/such/path?x=%0A'")
        demo.wait_for(" 404 ")
        lines = [line for line in demo.said[before:] if "CGI programs run as root" not in line]  # a warning, once
    assert [re.sub(r"  [\d,]+ bytes  [\d.]+ ms$", "", line) for line in lines] == [
        f"{mode.upper():<5} 200  GET /hello?name=you",
        f"{mode.upper():<5} 200  GET /stream?chunks=3&delay=0.5",
        f"{mode.upper():<5} 200  POST /echo",
        f"{mode.upper():<5} 404  GET /no/such/path?x=%0A",
    ]
    assert [re.search(r"(\d+) bytes", line)[1] for line in lines[:3]] == ["12", "39", "10"]  # type: ignore[index]


def test_the_port_option_sets_the_first_of_four_ports() -> None:
    port = four_free_ports()
    with Running("demo", "--port", str(port)) as demo:
        assert [*demo.urls, demo.page] == [f"http://127.0.0.1:{port + n}" for n in range(4)]


def four_free_ports() -> int:
    """Return the first of several free consecutive ports; the system rarely assigns them in the meantime."""
    for port in range(20000, 30000, 4):
        with ExitStack() as probes, suppress(OSError):
            for offset in range(4):
                probes.enter_context(socket.create_server(("127.0.0.1", port + offset)))
            return port
    raise AssertionError("no four free ports in a row")


def test_the_demo_listens_on_ipv6_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    with Running("demo", "--mode", "asgi", "--host", "::1", "--port", "0") as demo:
        assert demo.urls[0].startswith("http://[::1]:")
        assert paste(demo.commands[0]) == "Hello, you!\n"


@pytest.mark.parametrize(("mode", "server"), EACH)
def test_a_killed_demo_leaves_no_servers(mode: str, server: str) -> None:
    with Running("demo", "--mode", mode, "--server", server, "--port", "0") as demo:
        demo.wait_for("Ctrl-C")
        demo.tree(lambda seen: len(seen) >= (2 if "worker" in side(mode).SERVERS[server].model else 1))  # type: ignore[arg-type]
        demo.end(signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while demo.left():
            assert time.monotonic() < until, demo.left()
            time.sleep(0.05)


def test_an_exit_of_one_server_stops_the_others_and_is_reported() -> None:
    with Running("demo", "--port", "0", "--quiet") as demo:
        demo.wait_for("Ctrl-C")
        (wsgi,) = (each for each in demo.tree(lambda seen: len(seen) >= 3) if '"wsgi"' in " ".join(each.cmdline()))
        wsgi.send_signal(signal.SIGKILL)
        _, said = demo.process.communicate(timeout=PATIENCE)
        assert demo.process.returncode == 1
        assert said.decode() == "gateways demo: the wsgi server waitress exited unexpectedly: no output\n"
        assert demo.left() == []


def test_the_demo_stops_at_once_even_with_queued_output() -> None:
    with Running("demo", "--mode", "asgi", "--port", "0") as demo:
        connection = http.client.HTTPConnection(demo.urls[0].removeprefix("http://"), timeout=PATIENCE)
        for _ in range(3000):  # it takes seconds to print them
            connection.request("GET", "/hello")
            connection.getresponse().read()
        connection.close()
        status, took = demo.end(signal.SIGINT)
        assert status == 0
        assert took < AT_ONCE


def test_an_exit_of_the_page_stops_the_servers_and_is_reported() -> None:
    with Running("demo", "--port", "0", "--quiet") as demo:
        demo.wait_for("Ctrl-C")
        running = demo.tree(lambda seen: len(seen) >= 4)
        (page,) = (each for each in running if "gateways.demo.app" in " ".join(each.cmdline()))
        page.send_signal(signal.SIGKILL)
        _, said = demo.process.communicate(timeout=PATIENCE)
        assert said.decode() == "gateways demo: the page's server exited unexpectedly: no output\n"
        assert demo.process.returncode == 1
        assert demo.left() == []


def test_the_demo_stops_when_its_output_is_closed() -> None:
    read, write = os.pipe()
    with Running("demo", "--mode", "asgi", "--port", "0", stdout=write) as demo:
        os.close(write)
        with os.fdopen(read) as output:
            while "Ctrl-C" not in (line := output.readline()):
                if match := re.search(r"http://\S+:\d+", line):
                    url = match[0]
        with asked(f"{url}/hello"):
            assert demo.process.wait(timeout=PATIENCE) == 1
        assert demo.left() == []


def test_on_a_terminal_the_output_is_coloured_and_no_line_is_wider_than_the_terminal() -> None:
    shown = on_a_terminal(80)
    assert "\x1b[" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r", "").splitlines()
    steps = [line for line in lines if line.startswith("ASGI 2 ")]
    assert max(map(len, steps)) <= 80
    assert any("HTTP/1.1" in line for line in steps)


def on_a_terminal(columns: int) -> str:
    """Return the output of a terminal of that width for one request."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with Running("demo", "--mode", "asgi", "--port", "0", stdout=theirs, TERM="xterm-256color") as demo:
        os.close(theirs)
        text, seen = [], threading.Event()

        def read() -> None:
            try:
                while data := os.read(ours, 65536):
                    text.append(data.decode())
                    seen.set()
            except OSError:  # EIO: the other end is closed
                return

        reader = threading.Thread(target=read)
        reader.start()

        def wait_for(pattern: str) -> str:
            until = time.monotonic() + PATIENCE
            while not (match := re.search(pattern, "".join(text))):
                assert time.monotonic() < until, text
                seen.wait(0.1)
                seen.clear()
            return match[0]

        url = wait_for(r"http://[\d.:]+")
        wait_for("Ctrl-C")
        with asked(f"{url}/hello?name={'x' * 200}"):
            wait_for("200 · ")
        demo.end(signal.SIGINT)
        reader.join(PATIENCE)
    os.close(ours)
    return "".join(text)


def test_without_a_terminal_the_output_is_plain() -> None:
    with Running("demo", "--mode", "wsgi", "--port", "0") as demo:
        paste(demo.commands[0])
        assert "\x1b" not in "\n".join(demo.wait_for(" 200 · "))


def test_data_of_a_client_cannot_send_commands_to_the_terminal() -> None:
    with Running("demo", "--port", "0") as demo:
        for url in demo.urls:
            host, port = url.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
                connection.sendall(
                    b"GET /%1b[31m HTTP/1.1\r\nHost: x\r\nX-Bell: \xc2\x9b31m\r\nConnection: close\r\n\r\n"
                )
                while connection.recv(65536):
                    pass
        said = demo.wait_for(" 404 · ", count=3)
        demo.end(signal.SIGINT)
    assert not [line for line in said if not line.isprintable()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_can_be_stopped_during_its_start(number: int) -> None:
    with Running("demo", "--port", "0") as demo:
        demo.tree(lambda seen: len(seen) >= 1)
        status, took = demo.end(number)
        assert status == 0
        assert took < AT_ONCE
        assert demo.left() == []
