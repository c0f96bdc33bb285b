"""Types of options for click: a list of known names, and a threshold. Knows click. It must not know the commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from gateways.compare.judge.thresholds import Threshold, threshold

ALL = "all"


class Names(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A list of known names, separated by commas."""

    name = "NAMES"

    def __init__(self, known: Sequence[str], *, everything: bool = True) -> None:
        self._known = [*known, *([ALL] if everything else [])]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        for name in names:
            if name not in self._known:
                self.fail(f"unknown name {name!r}; choose from {', '.join(self._known)}.", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, begun = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{name}") for name in self._known if name.startswith(begun)]


class Limit(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A threshold."""

    name = "THRESHOLD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        if isinstance(value, Threshold):
            return value
        try:
            return threshold(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
