"""The command line and its errors: one line on stderr, status 2 for a wrong command line, 1 for a failed command."""

import re
import socket
import subprocess
import sys
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def gateways(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateways", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demmo"], "gateways: No such command 'demmo'"),
        (["--nonsense"], "gateways: No such option '?--nonsense"),
        (["demo", "--nonsense"], "gateways demo: No such option '?--nonsense"),
        (["demo", "extra"], "gateways demo: Got unexpected extra argument"),
        (["demo", "--mode", "fastcgi"], "gateways demo: Invalid value for '--mode': 'fastcgi' is not one of 'cgi', "),
        (["demo", "--port", "65536"], "gateways demo: Invalid value for '--port': 65536 is not in the range"),
        (["demo", "--port", "x"], "gateways demo: Invalid value for '--port': 'x' is not a valid integer"),
        (
            ["demo", "--port", "65533"],
            "gateways demo: Invalid value for '--port': the three modes and the page need four",
        ),
        (["demo", "--server", "uvicorn"], "gateways demo: --server needs --mode"),
        (
            ["demo", "--mode", "wsgi", "--server", "uvicorn"],
            "gateways demo: Invalid value for '--server': 'uvicorn' is not a WSGI server; choose one of waitress, ",
        ),
    ],
)
def test_a_wrong_command_line_is_reported_in_one_line_with_status_2(arguments: list[str], said: str) -> None:
    done = gateways(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.match(f"{said}.*see .* --help\\)\n$", done.stderr)
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_reported_in_one_line_with_status_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = gateways("demo", "--mode", "asgi", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"gateways demo: port {port} on 127.0.0.1 is in use; choose another with --port (0: any free port)\n"
    )


def test_a_traceback_is_printed_with_debug_only() -> None:
    done = gateways("demo", "--mode", "asgi", "--host", "192.0.2.1", "--port", "0", "--debug")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-1].startswith("gateways demo: cannot listen on 192.0.2.1 port 0: ")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A Python that has only the packages of the command line itself."""
    folder = tmp_path_factory.mktemp("bare")
    for name in ("click", "rich", "markdown-it-py", "mdurl", "pygments"):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files if not file.parts[0].startswith(("..", "__pycache__"))}:
            (folder / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    program = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(folder)!r}]; from gateways.cli import main; main()"
    return [sys.executable, "-I", "-S", "-c", program]


@pytest.mark.parametrize(
    ("arguments", "server", "package"),
    [
        (["--mode", "asgi"], "uvicorn", ".[toolkit]"),
        (["--mode", "cgi"], "uvicorn", ".[toolkit]"),
        (["--mode", "wsgi", "--server", "gunicorn"], "gunicorn", ".[compare]"),
        (["--mode", "asgi", "--server", "daphne"], "daphne", ".[compare]"),
    ],
)
def test_a_missing_server_is_reported_with_the_command_that_installs_it(
    bare: list[str], arguments: list[str], server: str, package: str
) -> None:
    command = [*bare, "demo", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    said = f"gateways demo: the server {server} is not installed; install it with: "
    assert re.fullmatch(re.escape(said) + rf"\S+ -m pip install -e '?{re.escape(package)}'?\n", done.stderr)


def test_a_missing_package_is_reported_in_one_line() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from gateways.__main__ import main; main()"
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    said = "gateways: the commands need the package 'click' (the adapters do not); install the toolkit: "
    assert done.stderr.startswith(said)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shell that closes a standard stream")
@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_is_replaced_by_the_null_device(closed: str) -> None:
    program = (
        "import socket, sys, gateways.cli\n"
        "streams = lambda: (sys.stdin, sys.stdout, sys.stderr)\n"
        "gateways.cli.main = lambda: sys.exit(socket.socket().fileno() < 3 or None in streams())\n"
        "from gateways.__main__ import main; main()"
    )
    command = ["/bin/sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, program]
    done = subprocess.run(command, cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device of Linux")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--version"], "gateways"),
        (["timeline", "--help"], "gateways"),
        (["serve", "gateways.wsgi.app", "--print"], "gateways serve"),
    ],
)
def test_a_full_disk_is_reported_in_one_line(arguments: list[str], said: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "gateways", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, f"{said}: cannot write: No space left on device\n")


def test_version_and_help_are_printed() -> None:
    said = gateways("--version").stdout
    assert said.startswith(f"gateways {version('gateways')}\n")
    for package in ("waitress", "uvicorn", "granian", "a2wsgi"):
        assert f"{package} {version(package)}" in said
    for done in (gateways(), gateways("--help"), gateways("-h")):
        assert done.returncode == 0
        assert "demo" in done.stdout
    shown = gateways("demo", "--help").stdout
    for option in ("--mode", "--server", "--host", "--port", "--quiet", "--debug"):
        assert option in shown


def test_version_lists_missing_packages(bare: list[str]) -> None:
    done = subprocess.run([*bare, "--version"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "\nservers: none\n" in done.stdout
    assert "\nnot installed: cheroot, daphne, " in done.stdout


def test_the_command_is_installed() -> None:
    script = Path(sys.executable).with_name("gateways")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == gateways("--version").stdout


def test_help_loads_no_server_no_loop_and_no_other_command() -> None:
    program = (
        "import sys\n"
        "from gateways.cli import cli\n"
        "cli.main(['demo', '--help'], standalone_mode=False)\n"
        "others = {'uvicorn', 'waitress', 'asyncio', 'gateways.adapters', 'gateways.cli.check'}\n"
        "print(sorted(others & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
