"""Options from pyproject.toml and from the environment."""

from pathlib import Path

import click
import pytest

from gateways.cli import cli, main
from gateways.cli.configured import defaults


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_sets_the_defaults_of_its_command_with_or_without_dashes(folder: Path) -> None:
    serve = '[tool.gateways.serve]\nport = 9000\nlog-format = "json"\nroot_path = "/x"\n'
    (folder / "pyproject.toml").write_text(f'{serve}[tool.gateways.check]\npath = ["/a"]\n')
    assert defaults(cli) == {
        "serve": {"port": 9000, "log_format": "json", "root_path": "/x"},
        "check": {"paths": ["/a"]},
    }


def test_without_a_file_or_a_table_there_are_no_defaults(folder: Path) -> None:
    assert defaults(cli) == {}
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert defaults(cli) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.gateways.serve]\nprot = 1", "[tool.gateways.serve] has no option 'prot'; did you mean 'port'?"),
        ("[tool.gateways.sreve]\nport = 1", "[tool.gateways] has an unknown table 'sreve'; the tables are [tool."),
        ("[tool.gateways]\nport = 1", "[tool.gateways] has an unknown table 'port'"),
        ("[tool", "pyproject.toml is not TOML: "),
    ],
)
def test_an_invalid_file_is_reported_in_one_line(
    text: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(click.UsageError):
        defaults(cli)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "x"])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_command_line_overrides_the_environment_and_that_overrides_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failure(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(["serve", "x", *arguments])
        return capsys.readouterr().err

    (folder / "pyproject.toml").write_text('[tool.gateways.serve]\nlog-format = "of the file"\n')
    assert "'of the file' is neither" in failure()
    monkeypatch.setenv("GATEWAYS_SERVE_LOG_FORMAT", "of the environment")
    assert "'of the environment' is neither" in failure()
    assert "'of the command' is neither" in failure("--log-format", "of the command")
