"""The app that NATIVE_TARGET names, behind the adapter that NATIVE_ADAPTER names; both are "module:attribute"."""

import os
from importlib import import_module
from typing import Any


def named(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


app = named(os.environ["NATIVE_ADAPTER"])(named(os.environ["NATIVE_TARGET"]))
