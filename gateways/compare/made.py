"""Create a dataclass from a JSON object of a recorded comparison. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

T = TypeVar("T")


def made(cls: type[T], data: Mapping[str, Any]) -> T:
    """Return the object. Ignore keys that later minor versions have added."""
    names = {each.name for each in fields(cast(Any, cls))}
    return cls(**{name: value for name, value in data.items() if name in names})
