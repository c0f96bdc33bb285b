"""`gateways compare` with running servers, and with locust: errors before the measurement."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from gateways.cli import main
from gateways.cli.compare import compare
from gateways.cli.remote import PORT, Address
from gateways.compare.locust.export import command
from gateways.compare.locust.shares import Crew
from gateways.compare.plan.scenarios import SCENARIOS
from gateways.installing import install_line

DOCS = (Path(__file__).parents[3] / "docs" / "compare-many-machines.md").read_text()
A, B = "a=http://127.0.0.1:1", "b=http://127.0.0.1:2"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--header", "Host: other"], "use --host-header"),
        (["--connections", "8"], "--connections is for requests of your own"),
        (["--url", A, "--method", "POST"], "none of the requests can be sent"),
        (["--fail", "p99>200"], "is not a threshold; write for example 'p99>200ms'"),
        (["--url", A, "--insecure"], "--ca and --insecure are for --url with https"),
        (["--url", "blue"], "'blue' is not the URL of a server; write for example blue=https://blue.example.org."),
        (["--url", A, "--url", A], "two servers have the label 'a'"),
        (["shop:app", "--url", A], "without TARGET"),
        (["--url", A, "--servers", "uvicorn"], "--servers is for servers that the command starts"),
        (["--url", A, "--path", "x"], "does not begin with a slash"),
        (
            ["--url", A, "--load-workers", "2"],
            "--load-workers and --bind need --engine locust; --workers is for the servers.",
        ),
        (["--url", A, "--workers", "2"], "--workers is for servers that the command starts; use it without --url."),
        (["--engine", "locust", "--bind", "192.0.2.7"], "give the servers with --url."),
        (["--engine", "locust", "--url", A, "--bind", "192.0.2.7:x"], "'192.0.2.7:x' is not an address"),
        (["--export-locustfile", "x.py", "--url", A, "--url", B], "a locustfile has one host; give one --url only"),
        (["--export-locustfile", "x.py", "shop:app"], "without TARGET"),
    ],
)
def test_a_contradictory_command_line_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, line = refused(capsys, *arguments)
    assert status == 2
    assert said in line


def test_without_locust_the_extra_that_installs_it_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)
    status, line = refused(capsys, "--engine", "locust", "--url", A)
    assert (status, line) == (
        1,
        f"gateways compare: locust is not installed; install it with: {install_line('locust')}\n",
    )


def test_a_locustfile_is_written_and_its_command_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--export-locustfile", "load.py", "--url", "a=http://127.0.0.1:8080/shop"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("locust -f load.py --headless --users 64 ")
    assert 'method, path, body = "GET", "/shop", 0' in (tmp_path / "load.py").read_text()


@pytest.mark.parametrize(
    ("text", "address"),
    [("192.0.2.7", ("192.0.2.7", PORT)), ("a.example:80", ("a.example", 80)), ("[::1]", ("[::1]", PORT))],
)
def test_an_address_without_a_port_has_the_default_port(text: str, address: tuple[str, int]) -> None:
    assert Address().convert(text, None, None) == address
    assert Address().convert("[::1]:80", None, None) == ("[::1]", 80)


@pytest.mark.parametrize("line", re.findall(r"^\$ gateways compare (.*)$", DOCS, re.MULTILINE))
def test_the_commands_of_the_docs_are_valid(line: str) -> None:
    assert compare.make_context("compare", shlex.split(line)).params["sites"]


def test_the_output_in_the_docs_is_the_real_output() -> None:
    lines = [line.strip() for line in DOCS.splitlines()]
    assert Crew(2, ("192.0.2.7", PORT)).command in lines
    assert command([SCENARIOS["hello"], SCENARIOS["stream"]], "load.py") in lines
    assert f"worker$ {Crew(1, ('127.0.0.1', PORT)).command}" in lines
