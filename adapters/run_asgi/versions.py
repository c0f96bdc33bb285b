"""Convert ASGI applications of version 2 to version 3.

An ASGI 3 application is called with `await app(scope, receive, send)`. An ASGI 2 application is a double callable:
`await app(scope)(receive, send)`. Knows how to detect a double callable without calling it.
"""

from __future__ import annotations

import inspect
from typing import Any

from ..asgi_types import ASGIApp, Receive, Scope, Send
from ..interfaces import is_wsgi


def is_double_callable(app: Any) -> bool:
    """Return True if `app` is an ASGI 2 application: a class, or a callable with one required positional
    parameter and no `*arguments`.

    A class whose instances can be awaited is ASGI 3. Starlette's endpoints are used like this: `await App(scope,
    receive, send)`.
    """
    if inspect.isclass(app):
        return not hasattr(app, "__await__")
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None)):  # noqa: B004
        return False
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in parameters if p.kind in kinds and p.default is p.empty]
    return len(required) == 1 and not any(p.kind is p.VAR_POSITIONAL for p in parameters)


def as_asgi3(app: Any) -> ASGIApp:
    """Return `app` itself, or an ASGI 2 application wrapped as ASGI 3.

    Raises TypeError if `app` is not callable, or is a WSGI application.
    """
    if not callable(app):
        raise TypeError(f"app={app!r} is not callable; an ASGI application is called with (scope, receive, send)")
    if is_wsgi(app):
        raise TypeError(
            f"app={app!r} is a WSGI application, which is called with (environ, start_response); expected ASGI"
        )
    if not is_double_callable(app):
        single: ASGIApp = app
        return single

    async def asgi3(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope)(receive, send)

    return asgi3
