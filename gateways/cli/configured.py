"""Options from pyproject.toml: the table [tool.gateways.COMMAND] of the current folder's, as click's default_map.

Options from the environment are click's own work: GATEWAYS_SERVE_PORT=9000. The command line comes before the
environment, and that before pyproject.toml.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import click

FILE = "pyproject.toml"


def defaults(group: click.Group) -> dict[str, Any]:
    """The tables of the current folder's pyproject.toml, by command; keys are options with or without dashes.

    Raises:
        UsageError: the file is not TOML, or there is no such command or option.
    """
    path = Path(FILE)
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("gateways", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{FILE} is not TOML: {error}") from None
    found = {}
    for command, table in tables.items():
        if command not in group.commands or not isinstance(table, dict):
            there = ", ".join(f"[tool.gateways.{name}]" for name in group.commands)
            raise click.UsageError(f"{FILE}: [tool.gateways] has no place for {command!r}; its tables are {there}")
        found[command] = _table(group.commands[command], command, table)
    return found


def _table(command: click.Command, name: str, table: dict[str, Any]) -> dict[str, Any]:
    known = {each.name: each for each in command.params if each.name}
    options = {}
    for key, value in table.items():
        option = _named(key, known)
        if option is None:
            spelled = [(each.opts[-1].lstrip("-")) for each in command.params]
            near = difflib.get_close_matches(key, spelled, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(spelled)}"
            raise click.UsageError(f"{FILE}: [tool.gateways.{name}] has no option {key!r}; {hint}")
        options[option] = value
    return options


def _named(key: str, known: dict[str, click.Parameter]) -> str | None:
    """The name of the parameter that a key means: "log-level" is log_level, "path" is that of --path."""
    for name, parameter in known.items():
        if key.replace("-", "_") == name or f"--{key}" in parameter.opts:
            return name
    return None
