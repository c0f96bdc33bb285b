"""`gateways compare` in real use: a small comparison, its file, Ctrl-C, and refused options."""

import csv
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateways.compare.record import SCHEMA
from gateways.compare.show.page import data_of
from gateways.serving.listen import bind
from tests.real.running import Running

# Ten seconds alone; on a busy machine, beside other tests, more than a minute.
pytestmark = pytest.mark.timeout(300)

SHOP = Path("tests/gateways/compare/misbehaving.py").resolve().read_text() + "\napp = works\n"


def gateways(*arguments: str, cwd: Path | None = None, timeout: int = 200) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateways", "compare", *arguments]
    # Write the logs of failures to a folder of the tests.
    environment = {**os.environ, **({"TMPDIR": str(cwd)} if cwd else {})}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=environment,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def compared(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Compare a user's app on one server, with the minimum of slices."""
    (folder / "shop.py").write_text(SHOP)
    arguments = ["shop:app", "--path", "/hello", "--modes", "asgi", "--servers", "uvicorn", "--quick", "--seed", "7"]
    return gateways(*arguments, "--force", "--json", "one.json", "--html", "one.html", cwd=folder)


@pytest.fixture(scope="module")
def calm(compared: "subprocess.CompletedProcess[str]", folder: Path) -> str:
    """Return the file of a comparison, changed to remove noise: all slices of the server have the same measurement."""
    assert compared.returncode in {0, 1}
    data = json.loads((folder / "one.json").read_text())
    one = {_place(cell): cell["measured"] for cell in data["cells"] if cell["contender"] == "asgi:uvicorn"}
    for cell in data["cells"]:
        if cell["contender"] in {"asgi:uvicorn", "asgi:uvicorn#2"}:
            cell["measured"] = one[_place(cell)]
    (folder / "calm.json").write_text(json.dumps(data))
    return "calm.json"


def _place(cell: dict[str, Any]) -> tuple[Any, ...]:
    return cell["scenario"], cell["phase"], cell["connections"]


def succeeded(done: "subprocess.CompletedProcess[str]") -> bool:
    """Assert that the command succeeded. On a busy machine, it may also refuse to judge, with exactly that message."""
    said = [line for line in done.stderr.splitlines() if not line.startswith("written: ")]
    return (done.returncode, said) == (0, []) or (done.returncode == 1 and TOO_BUSY in done.stderr)


SHORT = ("--quick", "--duration", "0.5", "--force")
"""Options for findings that do not depend on the number of slices: one slice of each kind in each start."""

TOO_BUSY = "two runs of the same server differ by more than 100 %"


def test_a_comparison_prints_its_progress_and_its_results(compared: "subprocess.CompletedProcess[str]") -> None:
    assert succeeded(compared)
    assert "path: 64 clients, closed loop" in compared.stdout
    assert "path: GET /hello by 64 clients" in compared.stdout
    assert "asgi uvicorn" in compared.stdout
    assert "seed 7" in compared.stdout
    assert "Loopback, one machine" in compared.stdout


def test_the_file_of_a_comparison_has_the_documented_keys(
    compared: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    assert succeeded(compared)
    data = json.loads((folder / "one.json").read_text())
    assert data["schema"] == SCHEMA
    assert (data["seed"], data["target"], data["interrupted"]) == (7, "shop:app", False)
    assert data["finished"] > data["created"]
    assert [entrant["id"] for entrant in data["entrants"]] == ["asgi:uvicorn", "asgi:uvicorn#2"]
    assert {cell["phase"] for cell in data["cells"]} == {"capacity", "latency"}
    assert {cell["contender"] for cell in data["cells"]} == {"asgi:uvicorn", "asgi:uvicorn#2", "null"}
    assert json.loads(data_of((folder / "one.html").read_text())) == data


def test_the_file_of_a_comparison_can_be_shown_again_and_written_as_markdown_and_csv(
    compared: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    again = gateways("--from", "one.json", "--markdown", "-", cwd=folder)
    assert (again.returncode, again.stdout.splitlines()[0]) == (compared.returncode, "# shop:app, compared")
    # The tables are the same, but on stderr, because stdout is Markdown.
    said = [line for line in compared.stderr.splitlines(keepends=True) if not line.startswith("written: ")]
    assert again.stderr == compared.stdout[compared.stdout.index("path: GET /hello") :] + "".join(said)
    assert gateways("--from", "one.json", "--csv", "one.csv", cwd=folder).returncode == compared.returncode
    with (folder / "one.csv").open() as file:
        assert {row["contender"] for row in csv.DictReader(file)} == {"asgi:uvicorn"}


def test_files_are_written_even_if_the_reader_closes_the_pipe_early(calm: str, folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [
        sys.executable,
        "-m",
        "gateways",
        "compare",
        "--from",
        calm,
        "--markdown",
        "-",
        "--csv",
        "head.csv",
    ]
    with os.fdopen(writing, "w") as gone:
        subprocess.run(command, cwd=folder, stdout=gone, stderr=subprocess.DEVNULL, timeout=200, check=False)
    assert (folder / "head.csv").read_text().startswith("scenario,connections,contender,")


def test_a_comparison_can_be_compared_with_another_file(calm: str, folder: Path) -> None:
    same = gateways("--from", calm, "--against", calm, cwd=folder)
    assert (same.returncode, same.stderr) == (0, "")
    assert "path, 64 clients: asgi uvicorn" in same.stdout
    faster = json.loads((folder / calm).read_text())
    for cell in faster["cells"]:
        if cell["contender"] != "null":
            cell["measured"]["window"] //= 4  # the same number of responses in a quarter of the time
    (folder / "faster.json").write_text(json.dumps(faster))
    worse = gateways("--from", calm, "--against", "faster.json", cwd=folder)
    assert worse.returncode == 1
    assert "worse: path, 64 clients: asgi uvicorn serves" in worse.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [({"target": "other:app"}, "'other:app'"), ({"request": "GET /other"}, "'GET /other'")],
    ids=["another target", "another path"],
)
def test_a_comparison_cannot_be_compared_with_a_file_of_another_target(
    change: dict[str, str], said: str, calm: str, folder: Path
) -> None:
    data = json.loads((folder / calm).read_text())
    data["target"] = change.get("target", data["target"])
    data["questions"][0]["request"] = change.get("request", data["questions"][0]["request"])
    (folder / "else.json").write_text(json.dumps(data))
    for arguments in (["--from", calm], ["shop:app", "--path", "/hello", "--force"]):
        done = gateways(*arguments, "--against", "else.json", cwd=folder)
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_measurement_fails_if_two_runs_of_one_server_differ_by_a_factor_of_two(calm: str, folder: Path) -> None:
    data = json.loads((folder / calm).read_text())
    for cell in data["cells"]:
        if cell["contender"].endswith("#2"):
            cell["measured"]["window"] *= 4
    (folder / "noisy.json").write_text(json.dumps(data))
    done = gateways("--from", "noisy.json", cwd=folder)
    assert done.returncode == 1
    assert "the measurement of path failed" in done.stderr
    assert "asgi uvicorn" in done.stdout


def test_the_commands_of_kept_modules_work_and_their_logs_exist(folder: Path) -> None:
    (folder / "shop.py").write_text(SHOP)
    arguments = ["shop:app", "--path", "/hello", "--modes", "asgi-on-wsgi", "--servers", "waitress"]
    done = gateways(*arguments, *SHORT, "--keep", "kept", "--json", "kept.json", "--markdown", "kept.md", cwd=folder)
    assert succeeded(done)
    assert sorted(each.name for each in (folder / "kept/logs").iterdir())
    entrants = json.loads((folder / "kept.json").read_text())["entrants"]
    assert all(each["files"] for each in entrants)
    for entrant in entrants:
        assert all((folder / "kept" / name).read_text() == text for name, text in entrant["files"].items())
        assert all(text in (folder / "kept.md").read_text() for text in entrant["files"].values())
        with closing(bind("127.0.0.1", 0)) as reserved:
            port = str(reserved.getsockname()[1])
            command = [sys.executable, *(word.replace("{port}", port) for word in entrant["command"][1:])]
            environment = {**os.environ, **entrant["environment"]}
            server = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
            try:
                assert answered(int(port), "/hello") == b"Hello, world!\n"
            finally:
                server.terminate()
                server.wait(10)


def answered(port: int, path: str) -> bytes:
    """Return the server's response body, as soon as it listens."""
    until = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.02)
        finally:
            connection.close()


ABSOLUTE = """
async def app(scope, receive, send):
    host = dict(scope["headers"])[b"host"]
    body = b"<a href='http://" + host + scope["path"].encode() + b"'>here</a>"
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


def test_an_app_that_writes_absolute_urls_gets_the_host_of_the_option_on_every_port(tmp_path: Path) -> None:
    (tmp_path / "links.py").write_text(ABSOLUTE)
    arguments = ["links:app", "--modes", "asgi", "--servers", "uvicorn", *SHORT]
    done = gateways(*arguments, "--json", "links.json", "--host-header", "shop.example", cwd=tmp_path)
    assert succeeded(done)
    data = json.loads((tmp_path / "links.json").read_text())
    assert data["exclusions"] == []
    assert all(cell["measured"]["failed"] == {} for cell in data["cells"])
    length = len("<a href='http://shop.example/'>here</a>")
    assert data["questions"][0]["answer"]["length"] == length
    assert data["questions"][0]["answer"]["sha256"]


def test_a_failed_comparison_names_the_log(folder: Path) -> None:
    (folder / "shop.py").write_text(SHOP + "\nimport sys\nprint('a hint', file=sys.stderr, flush=True)\n")
    done = gateways("shop:fails", "--force", "--servers", "uvicorn", "--modes", "asgi", "--quick", cwd=folder)
    assert done.returncode == 1
    (logs,) = re.findall(r"the servers' logs are in (\S+)", done.stderr)
    assert "a hint" in Path(logs, "asgi-uvicorn.log").read_text()
    shutil.rmtree(Path(logs).parent)


def test_a_redirect_is_measured_only_if_it_is_expected(tmp_path: Path) -> None:
    app = ABSOLUTE.replace('"status": 200', '"status": 302').replace("[(b", '[(b"location", b"/login"), (b')
    (tmp_path / "admin.py").write_text(app)
    arguments = ["admin:app", "--servers", "uvicorn", "--modes", "asgi", *SHORT, "--keep", "kept"]
    refused = gateways(*arguments, cwd=tmp_path)
    assert refused.returncode == 1
    assert "it responds with 302 to /login" in refused.stderr
    measured = gateways(*arguments, "--expect", "302", cwd=tmp_path)
    assert succeeded(measured)
    assert "status 302" in measured.stdout


def test_ctrl_c_keeps_the_measured_results_and_stops_all_processes(folder: Path) -> None:
    file = folder / "interrupted.json"
    arguments = ["--scenarios", "hello", "--modes", "asgi,wsgi", "--thorough", "--force", "--json", str(file)]
    with Running("compare", *arguments) as running:
        running.wait_for("closed loop")
        running.tree(lambda seen: len(seen) >= 5)  # servers, null server, client, warden
        status, seconds = running.end(signal.SIGINT)
        running.wait_for("interrupted: ")
        assert (status, seconds < 40) == (130, True)  # a comparison that goes on takes minutes
        assert running.left() == []
    data = json.loads(file.read_text())
    assert data["interrupted"] is True
    assert data["finished"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ["--modes", "wsgi,fcgi"],
            2,
            "unknown name 'fcgi'; choose from cgi, wsgi, asgi, wsgi-on-asgi, asgi-on-wsgi, all.",
        ),
        (["--servers", "nginx"], 2, "unknown name 'nginx'; choose from waitress, "),
        (["--adapters", "mangum"], 2, "unknown name 'mangum'; choose from cold, warm, ours, a2wsgi, asgiref, all."),
        (["--scenarios", "hello,goodbye"], 2, "unknown name 'goodbye'; choose from hello, json, wait"),
        (["--modes", "asgi", "--servers", "waitress"], 2, "the reference app cannot be served with these"),
        (["--path", "hello"], 2, "does not begin with a slash"),
        (["shop:app", "--scenarios", "hello"], 2, "--scenarios is for the reference app"),
        (["shop:app", "--from", "shop.py"], 2, "--from shows recorded results"),
        (["--from", "no.json"], 2, "'no.json' does not exist"),
        (["--from", "shop.py"], 1, "shop.py cannot be read: Extra data: line 1"),
        (["--from", "other.json"], 1, "other.json cannot be used: not a file of gateways compare: its schema is None"),
        (["--json", "no/folder/x.json"], 1, "cannot be written: no/folder is not a writable folder"),
        (["nowhere:app"], 1, "nowhere"),
        (
            ["shop:fails", "--force", "--servers", "uvicorn"],
            1,
            "/ has no response that can be measured: it responds with 500 (no database",
        ),
    ],
)
def test_a_refusal_is_reported_in_one_line(arguments: list[str], status: int, said: str, folder: Path) -> None:
    (folder / "shop.py").write_text(SHOP)
    (folder / "other.json").write_text("{}")
    done = gateways(*arguments, cwd=folder)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout


def test_an_app_that_cannot_be_imported_is_reported_with_the_traceback_of_its_own_code(folder: Path) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    done = gateways("broken:app", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.count("ZeroDivisionError") == 2  # of the traceback, and in the message
    assert done.stderr.count('  File "') == 1


def test_help_lists_the_options() -> None:
    done = gateways("--help")
    assert done.returncode == 0
    for option in ("--modes", "--servers", "--adapters", "--scenarios", "--from", "--against", "--markdown", "--csv"):
        assert option in done.stdout
