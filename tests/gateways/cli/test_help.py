"""The list of commands in `gateways --help`."""

from click.testing import CliRunner

from gateways.cli import COMMANDS, cli


def test_the_short_help_of_each_command_is_a_whole_sentence() -> None:
    said = CliRunner().invoke(cli, ["--help"], terminal_width=80).output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in said] == sorted(COMMANDS)
    for line in said:
        assert line.endswith(".")
        assert not line.endswith("...")
