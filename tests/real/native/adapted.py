"""The app named by NATIVE_TARGET, behind the adapter named by NATIVE_ADAPTER; both are "module:attribute"."""

import os
from importlib import import_module
from typing import Any


def named(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


app = named(os.environ["NATIVE_ADAPTER"])(named(os.environ["NATIVE_TARGET"]))
