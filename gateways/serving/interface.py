"""Detect the interface of an app from its signature, without calling it.

Knows the signatures of WSGI, ASGI and ASGI 2 apps. It must not know where an app comes from or how it is served.
"""

import inspect
from typing import Any

from gateways.failure import Failure
from gateways.serving.server import Mode

SHOWN = 8
"""Maximum number of parameters of a signature that are shown."""


def interface_of(app: Any, name: str = "the app") -> Mode:
    """Return the interface of `app`. A WSGI app takes two positional arguments, an ASGI app three, an ASGI 2 app one.

    For a class, the arguments of its constructor count. PEP 3333 allows a class as an app, and many ASGI 2 apps are
    classes.

    Raises:
        Failure: not callable, or the number of arguments fits no interface, or more than one.
    """
    if not callable(app):
        raise Failure(f"{name} is {article(app)}, which is not callable; expected a WSGI or ASGI app")
    if is_async(app):
        return "asgi"
    numbers = arguments(app)
    if numbers is None or _takes_any(app):
        takes = _parameters(app, "")
        raise Failure(f"{name} takes {takes}, so it may be WSGI or ASGI; use --interface wsgi or --interface asgi")
    fewest = min(numbers, default=-1)
    if fewest in (2, 3) or (fewest == 1 and _is_asgi2(app)):
        return "wsgi" if fewest == 2 else "asgi"
    kind = "a class" if inspect.isclass(app) else article(app)
    makes = inspect.isclass(app) or inspect.isroutine(app)
    raise Failure(
        f"{name} is {kind} that takes {_parameters(app, '')}; "
        "WSGI apps take (environ, start_response), ASGI apps (scope, receive, send)"
        + (f"; if {name} creates the app, serve a function that calls {name}, e.g. main:create_app()" if makes else "")
    )


def _is_asgi2(app: Any) -> bool:
    """Return True if the only argument is a scope (ASGI 2), not the settings of a factory."""
    if next(iter(inspect.signature(app).parameters)) == "scope":
        return True
    call = getattr(app, "__call__", None) if inspect.isclass(app) else None  # noqa: B004
    return inspect.iscoroutinefunction(call) and len(inspect.signature(call).parameters) == 3  # self, receive, send


def _takes_any(app: Any) -> bool:
    parameters = inspect.signature(app).parameters.values()
    return any(each.kind is each.VAR_POSITIONAL for each in parameters) and len(arguments(app) or ()) > 3


def is_async(app: Any) -> bool:
    """Return True if calling `app` returns a coroutine."""
    if inspect.isclass(app):
        return False
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(type(app), "__call__", None))  # noqa: B004


def arguments(app: Any) -> set[int] | None:
    """Return the numbers of positional arguments, from 0 to 3, that `app` accepts; None if unknown."""
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return None
    numbers = set()
    for number in range(4):
        try:
            signature.bind(*range(number))
        except TypeError:
            continue
        numbers.add(number)
    return numbers


def called(app: Any, name: str) -> str:
    """Return the code that calls the app, e.g. "await app(scope, receive, send)"."""
    call, numbers = _parameters(app, name), arguments(app)
    if is_async(app) or numbers == {3}:
        return f"await {call}"
    return f"await {call}(receive, send)" if numbers == {1} else call


def _parameters(app: Any, name: str) -> str:
    """Return the name of the app and its first parameters: "make(config)"."""
    try:
        parameters = [*inspect.signature(app).parameters.values()]
    except (TypeError, ValueError):
        return f"{name}(…)"
    names = [str(each.replace(annotation=each.empty, default=each.empty)) for each in parameters[:SHOWN]]
    return f"{name}({', '.join(names)}{', …' if len(parameters) > SHOWN else ''})"


def article(value: Any) -> str:
    """Return the name of the value's type with an article: "a dict", "an int"."""
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
