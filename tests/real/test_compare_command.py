"""`gateways compare` as a person runs it: a small comparison, what is made of its file, Ctrl-C, and what is refused."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateways.compare.record import SCHEMA
from gateways.compare.show.page import data_of
from tests.real.running import Running

SHOP = Path("tests/gateways/compare/misbehaving.py").resolve().read_text() + "\napp = works\n"


def gateways(*arguments: str, cwd: Path | None = None, timeout: int = 50) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateways", "compare", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL, cwd=cwd
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def compared(folder: Path) -> "subprocess.CompletedProcess[str]":
    """A user's app, on one server: the fewest slices that the command takes."""
    (folder / "shop.py").write_text(SHOP)
    arguments = ["shop:app", "--path", "/hello", "--modes", "asgi", "--servers", "uvicorn", "--quick", "--seed", "7"]
    return gateways(*arguments, "--force", "--json", "one.json", "--html", "one.html", cwd=folder)


def test_a_comparison_says_what_it_does_and_what_it_has_found(compared: "subprocess.CompletedProcess[str]") -> None:
    assert (compared.returncode, compared.stderr) == (0, "")
    assert "path: 64 ask without a pause" in compared.stdout
    assert "path: GET /hello by 64 clients" in compared.stdout
    assert "asgi uvicorn" in compared.stdout
    assert "seed 7" in compared.stdout
    assert "Loopback, one machine" in compared.stdout


def test_its_file_is_the_documented_one(compared: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    assert compared.returncode == 0
    data = json.loads((folder / "one.json").read_text())
    assert data["schema"] == SCHEMA
    assert (data["seed"], data["target"], data["interrupted"]) == (7, "shop:app", False)
    assert data["finished"] > data["created"]
    assert [entrant["id"] for entrant in data["entrants"]] == ["asgi:uvicorn", "asgi:uvicorn#2"]
    assert {cell["phase"] for cell in data["cells"]} == {"capacity", "latency"}
    assert {cell["contender"] for cell in data["cells"]} == {"asgi:uvicorn", "asgi:uvicorn#2", "null"}
    assert json.loads(data_of((folder / "one.html").read_text())) == data


def test_its_file_is_drawn_again_and_written_as_markdown_and_csv(
    compared: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    again = gateways("--from", "one.json", "--markdown", "-", cwd=folder)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "# shop:app, compared")
    # The tables are what they were: on stderr now, for stdout is Markdown.
    assert again.stderr == compared.stdout[compared.stdout.index("path: GET /hello") :]
    assert gateways("--from", "one.json", "--csv", "one.csv", cwd=folder).returncode == 0
    with (folder / "one.csv").open() as file:
        assert {row["contender"] for row in csv.DictReader(file)} == {"asgi:uvicorn"}


def test_who_reads_no_further_than_the_head_has_the_files(
    compared: "subprocess.CompletedProcess[str]", folder: Path
) -> None:
    assert compared.returncode == 0
    reading, writing = os.pipe()
    os.close(reading)
    command = [
        sys.executable,
        "-m",
        "gateways",
        "compare",
        "--from",
        "one.json",
        "--markdown",
        "-",
        "--csv",
        "head.csv",
    ]
    with os.fdopen(writing, "w") as gone:
        subprocess.run(command, cwd=folder, stdout=gone, stderr=subprocess.DEVNULL, timeout=60, check=False)
    assert (folder / "head.csv").read_text().startswith("scenario,connections,contender,")


def test_it_is_held_against_another(compared: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    assert compared.returncode == 0
    same = gateways("--from", "one.json", "--against", "one.json", cwd=folder)
    assert (same.returncode, same.stderr) == (0, "")
    assert "path, 64 clients: asgi uvicorn" in same.stdout
    faster = json.loads((folder / "one.json").read_text())
    for cell in faster["cells"]:
        if cell["contender"] != "null":
            cell["measured"]["window"] //= 4  # as many answers in a quarter of the time
    (folder / "faster.json").write_text(json.dumps(faster))
    worse = gateways("--from", "one.json", "--against", "faster.json", cwd=folder)
    assert worse.returncode == 1
    assert "worse: path, 64 clients: asgi uvicorn answers" in worse.stdout


def test_ctrl_c_keeps_what_was_measured_and_ends_everything(folder: Path) -> None:
    file = folder / "interrupted.json"
    arguments = ["--scenarios", "hello", "--modes", "asgi,wsgi", "--thorough", "--force", "--json", str(file)]
    with Running("compare", *arguments) as running:
        running.wait_for("ask without a pause")
        running.tree(lambda seen: len(seen) >= 5)  # servers, null server, client, warden
        status, seconds = running.end(signal.SIGINT)
        running.wait_for("interrupted: ")
        assert (status, seconds < 5) == (130, True)
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
            "'fcgi' is not known; there are cgi, wsgi, asgi, wsgi-on-asgi, asgi-on-wsgi, all.",
        ),
        (["--servers", "nginx"], 2, "'nginx' is not known; there are waitress, "),
        (["--adapters", "mangum"], 2, "'mangum' is not known; there are cold, warm, ours, a2wsgi, asgiref, all."),
        (["--scenarios", "hello,goodbye"], 2, "'goodbye' is not known; there are hello, json, wait"),
        (["--modes", "asgi", "--servers", "waitress"], 2, "the reference app cannot be served like that"),
        (["--path", "hello"], 2, "'hello' does not start with a slash."),
        (["shop:app", "--scenarios", "hello"], 2, "--scenarios are for the reference app"),
        (["shop:app", "--from", "shop.py"], 2, "--from measures nothing"),
        (["--from", "no.json"], 2, "'no.json' does not exist"),
        (["--from", "shop.py"], 1, "shop.py cannot be read: Extra data: line 1"),
        (["--from", "other.json"], 1, "other.json cannot be used: it is no file of this command: its schema is None"),
        (["--json", "no/folder/x.json"], 1, "cannot be written: there is no folder no/folder to write to"),
        (["nowhere:app"], 1, "nowhere"),
        (["broken:app"], 1, "ZeroDivisionError"),
        (
            ["shop:fails", "--force", "--servers", "uvicorn"],
            1,
            "/ has no answer to be timed: it answers 500: no database",
        ),
    ],
)
def test_what_is_refused_is_one_line(arguments: list[str], status: int, said: str, folder: Path) -> None:
    (folder / "shop.py").write_text(SHOP)
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "other.json").write_text("{}")
    done = gateways(*arguments, cwd=folder)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout


def test_help_says_what_there_is() -> None:
    done = gateways("--help")
    assert done.returncode == 0
    for option in ("--modes", "--servers", "--adapters", "--scenarios", "--from", "--against", "--markdown", "--csv"):
        assert option in done.stdout
