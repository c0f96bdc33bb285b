"""The pages' statements about options, servers, targets and other pages are true."""

import inspect
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from gateways import adapters
from gateways.cli import cli
from gateways.serving.server import MODES, side
from tests.docs.blocks import Command, blocks, commands
from tests.docs.place import ROOT
from tests.docs.reading import PAGES
from tests.docs.shown_only import SHOWN_ONLY, why_not

README = (ROOT / "README.md").read_text()
OPTION = re.compile(r"^\| `(\w+)` \| `(.*?)` \| ", re.MULTILINE)
ADAPTERS = sorted(name for name in adapters.__all__ if "To" in name)


def shown() -> Iterator[Command]:
    """Return every command of every page."""
    for page in PAGES:
        for block in blocks(page.read_text()):
            if block.language == "console":
                yield from commands(block)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


@pytest.mark.parametrize("mode", MODES)
def test_the_readme_lists_the_servers(mode: str) -> None:
    assert f"| `{mode}` | {', '.join(side(mode).SERVERS)} |" in README  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_page_of_an_adapter_has_its_options_and_their_defaults(name: str) -> None:
    page = ROOT / "docs/adapters" / (re.sub(r"(?<=[a-zI])(?=To)|(?<=To)", "-", name).lower() + ".md")
    parameters = inspect.signature(getattr(adapters, name)).parameters.values()
    options = {each.name: repr(each.default) for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert dict(OPTION.findall(page.read_text())) == options


def test_all_make_targets_are_documented() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {command.text.split()[1] for command in shown() if command.text.startswith("make ")} <= targets
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert targets <= set(re.findall(r"\bmake ([a-z-]+)", contributing))
    assert targets <= set(re.findall(r"^# +make ([a-z-]+)", makefile, re.MULTILINE))


def test_options_of_commands_that_are_not_run_exist() -> None:
    ctx = click.Context(cli)
    commands = {name: cli.get_command(ctx, name) for name in cli.list_commands(ctx)}
    known = {name: {opt for param in each.params for opt in param.opts} for name, each in commands.items() if each}
    for command in shown():
        words = shlex.split(command.text, comments=True)
        if words[0] == "gateways" and why_not(command.text) is not None:
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert options <= known[words[1]] | {"--help"}, command.text


def test_each_reason_to_skip_a_command_is_needed() -> None:
    for pattern in SHOWN_ONLY:
        assert any(re.match(pattern, command.text) for command in shown()), pattern


def test_each_page_is_reachable() -> None:
    navigation = re.findall(r"^ +- .*?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(navigation) == sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))
