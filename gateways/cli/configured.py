"""Read options from the table [tool.gateways.COMMAND] of pyproject.toml in the current folder, as click's default_map.

Knows TOML and click. It must not know the meaning of an option. click itself reads options from the environment, e.g.
GATEWAYS_SERVE_PORT=9000. The command line overrides the environment, and the environment overrides pyproject.toml.
"""

import difflib
from pathlib import Path
from typing import Any

import click

FILE = "pyproject.toml"


def defaults(group: click.Group) -> dict[str, Any]:
    """Return the tables of ./pyproject.toml, by command. Keys are options, with dashes or underscores.

    Raises:
        UsageError: the file is not TOML, or a command or option is unknown.
    """
    path = Path(FILE)
    if not path.is_file():
        return {}
    import tomllib  # imported late, because most folders have no such file

    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("gateways", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{FILE} is not TOML: {error}") from None
    found, ctx = {}, click.Context(group)
    for name, table in tables.items():
        command = group.get_command(ctx, name)
        if command is None or not isinstance(table, dict):
            there = ", ".join(f"[tool.gateways.{each}]" for each in group.list_commands(ctx))
            raise click.UsageError(f"{FILE}: [tool.gateways] has an unknown table {name!r}; the tables are {there}")
        found[name] = _table(command, name, table)
    return found


def _table(command: click.Command, name: str, table: dict[str, Any]) -> dict[str, Any]:
    known = {each.name: each for each in command.params if each.name}
    options = {}
    for key, value in table.items():
        option = _named(key, known)
        if option is None:
            spelled = [(each.opts[-1].lstrip("-")) for each in command.params]
            near = difflib.get_close_matches(key, spelled, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"its options are {', '.join(spelled)}"
            raise click.UsageError(f"{FILE}: [tool.gateways.{name}] has no option {key!r}; {hint}")
        options[option] = value
    return options


def _named(key: str, known: dict[str, click.Parameter]) -> str | None:
    """Return the name of click's parameter for a key, e.g. log_level for "log-level"; None if unknown."""
    for name, parameter in known.items():
        if key.replace("-", "_") == name or f"--{key}" in parameter.opts:
            return name
    return None
