"""The app that NATIVE_TARGET names ("module:attribute"), behind the adapter that NATIVE_ADAPTER names."""

import os
from importlib import import_module

from gateways import adapters

module, _, attribute = os.environ["NATIVE_TARGET"].partition(":")
app = getattr(adapters, os.environ["NATIVE_ADAPTER"])(getattr(import_module(module), attribute))
