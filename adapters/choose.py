"""adapt(): choose one of the six adapters by the names of the two interfaces.

Knows the class for each pair of interfaces. It must not know how an adapter works.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

Interface = Literal["cgi", "wsgi", "asgi"]

_INTERFACES = ("cgi", "wsgi", "asgi")


def adapt(app: Any, source: Interface, target: Interface, **options: Any) -> Any:
    """Convert `app` from interface `source` to interface `target`. If both are the same, return `app` itself.

    app: a WSGI or ASGI application. For `source="cgi"`, the path of a program or of a folder of programs.
    options: options of the adapter.

    Returns a WSGI or ASGI application. For `target="cgi"`, returns an object whose run() serves one request. Raises
    ValueError for an unknown interface, and TypeError for an unknown option.
    """
    for name in (source, target):
        if name not in _INTERFACES:
            raise ValueError(f"{name!r} is not an interface; choose one of {', '.join(map(repr, _INTERFACES))}")
    if source == target:
        return app
    module = importlib.import_module(f".{source}_to_{target}", __package__)
    return getattr(module, f"{source.upper()}To{target.upper()}")(app, **options)
