"""adapt(): the right one of the six adapters by the names of the two interfaces.

Knows which class crosses which way. It must not know how.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

Interface = Literal["cgi", "wsgi", "asgi"]

_INTERFACES = ("cgi", "wsgi", "asgi")


def adapt(app: Any, source: Interface, target: Interface, **options: Any) -> Any:
    """Make `app`, written for `source`, runnable where `target` is spoken; `app` itself where the two are the same.

    app: a WSGI or an ASGI application; for `source="cgi"` the path of a program, or of a folder of programs.
    options: those of the adapter.

    Returns a WSGI or ASGI application; for `target="cgi"` an object whose run() answers the one request. Raises
    ValueError for names that are no interface, TypeError for options that the adapter does not have.
    """
    for name in (source, target):
        if name not in _INTERFACES:
            raise ValueError(f"{name!r} is no interface; these are: {', '.join(map(repr, _INTERFACES))}")
    if source == target:
        return app
    module = importlib.import_module(f".{source}_to_{target}", __package__)
    return getattr(module, f"{source.upper()}To{target.upper()}")(app, **options)
