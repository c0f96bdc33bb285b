"""Which interface an app speaks, told from its signature, without calling it.

Knows how WSGI, ASGI and ASGI 2 apps are called. It must not know where an app comes from, nor how it is served.
"""

import inspect
from typing import Any

from gateways.failure import Failure
from gateways.serving.server import Mode

SHOWN = 8
"""So many parameters of a signature are said."""


def interface_of(app: Any, name: str = "the app") -> Mode:
    """Which interface `app` speaks, by how many positional arguments it takes: WSGI two, ASGI three, ASGI 2 one.

    A class counts by what makes its instances: PEP 3333 allows a class for an app, and ASGI 2 is one.

    Raises:
        Failure: it is not callable, or it takes none of these, or any.
    """
    if not callable(app):
        raise Failure(f"{name} is {article(app)}, which is not callable; WSGI and ASGI apps are")
    if is_async(app):
        return "asgi"
    numbers = arguments(app)
    if numbers is None or _takes_any(app):
        how = called(app, name.rpartition(":")[2])
        raise Failure(f"{name} is called {how}, which may be WSGI or ASGI; say which: --interface wsgi, or asgi")
    fewest = min(numbers, default=-1)
    if fewest in (2, 3) or (fewest == 1 and _is_asgi2(app)):
        return "wsgi" if fewest == 2 else "asgi"
    kind = "a class" if inspect.isclass(app) else article(app)
    makes = inspect.isclass(app) or inspect.isroutine(app)
    raise Failure(
        f"{name} is {kind} and called {_parameters(app, name.rpartition(':')[2])}; "
        "WSGI apps take (environ, start_response), ASGI apps (scope, receive, send)"
        + ("; if it makes the app, serve a function that calls it: main:create_app()" if makes else "")
    )


def _is_asgi2(app: Any) -> bool:
    """Whether what can be called with one argument is called with a scope, not with the settings of a factory."""
    if next(iter(inspect.signature(app).parameters)) == "scope":
        return True
    call = getattr(app, "__call__", None) if inspect.isclass(app) else None  # noqa: B004
    return inspect.iscoroutinefunction(call) and len(inspect.signature(call).parameters) == 3  # self, receive, send


def _takes_any(app: Any) -> bool:
    parameters = inspect.signature(app).parameters.values()
    return any(each.kind is each.VAR_POSITIONAL for each in parameters) and len(arguments(app) or ()) > 3


def is_async(app: Any) -> bool:
    """Whether calling `app` makes a coroutine."""
    if inspect.isclass(app):
        return False
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(type(app), "__call__", None))  # noqa: B004


def arguments(app: Any) -> set[int] | None:
    """With how many positional arguments, of 0 to 3, it can be called; None if it does not say."""
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
    """How it is called: "await app(scope, receive, send)", "await App(scope)(receive, send)"."""
    call, numbers = _parameters(app, name), arguments(app)
    if is_async(app) or numbers == {3}:
        return f"await {call}"
    return f"await {call}(receive, send)" if numbers == {1} else call


def _parameters(app: Any, name: str) -> str:
    """Its name and the names of its parameters: "make(config)"; of many, the first."""
    try:
        parameters = [*inspect.signature(app).parameters.values()]
    except (TypeError, ValueError):
        return f"{name}(…)"
    names = [str(each.replace(annotation=each.empty, default=each.empty)) for each in parameters[:SHOWN]]
    return f"{name}({', '.join(names)}{', …' if len(parameters) > SHOWN else ''})"


def article(value: Any) -> str:
    """The name of its type, as one speaks of one: "a dict", "an int"."""
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
