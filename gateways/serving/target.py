"""From the name of an app, "module:attribute", to the app."""

import importlib
from operator import attrgetter
from typing import Any


def load_object(target: str) -> Any:
    """Import the `module` of "module:attribute" and return its attribute (which may be dotted)."""
    module, _, attribute = target.partition(":")
    return attrgetter(attribute)(importlib.import_module(module))
