"""Ask Flask, Django and Starlette (FastAPI) for an app's routes, settings and WebSockets.

Uses only modules that the app has imported. For an app of an unknown framework, it finds only the path "/".
"""

import ast
import gc
import importlib
import sys
from collections.abc import Iterator
from typing import Any

from gateways.check.finding import Place
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own, at, walk

MAX_PATHS = 32
"""Maximum number of paths requested by default."""

EXTENSIONS = (
    ("flask_sock", "Sock", "flask-sock"),
    ("flask_socketio", "SocketIO", "Flask-SocketIO"),
    ("socketio", "WSGIApp", "python-socketio"),
    ("socketio", "Server", "python-socketio"),
)
"""Module, class and package of extensions that take over the connection of a WSGI server."""


def paths(app: Any) -> list[str]:
    """Return the paths of the app's GET routes without parameters; "/" if no route is known."""
    found = [*_flask_paths(app), *_starlette_paths(app), *_django_paths(app)]
    return list(dict.fromkeys(found))[:MAX_PATHS] or ["/"]


def _flask_paths(app: Any) -> Iterator[str]:
    flask = _of(app, "flask", "Flask") or _of(app, "quart", "Quart")
    for rule in flask.url_map.iter_rules() if flask else ():
        if "GET" in (rule.methods or ()) and not rule.arguments and not getattr(rule, "websocket", False):
            yield str(rule.rule)


def _starlette_paths(app: Any) -> Iterator[str]:
    for route in _starlette_routes(app):
        own = getattr(route, "include_in_schema", True)  # False for FastAPI's own pages
        if "GET" in (getattr(route, "methods", None) or ()) and "{" not in route.path and own:
            yield str(route.path)


def _starlette_routes(app: Any) -> list[Any]:
    starlette = _of(app, "starlette.applications", "Starlette")
    return list(starlette.routes) if starlette else []


def _django_paths(app: Any) -> Iterator[str]:
    if not _is_django(app):
        return
    resolver = importlib.import_module("django.urls").get_resolver()

    def below(patterns: Any, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            route = str(pattern.pattern)
            if any(character in route for character in "<(*+?[\\"):
                continue
            path = prefix + route.strip("^$")
            if hasattr(pattern, "url_patterns"):
                yield from below(pattern.url_patterns, path)
            else:
                yield path

    yield from below(resolver.url_patterns, "/")


def _of(app: Any, module: str, name: str) -> Any:
    """Find an instance of the class `name` in `module`. It may be the app itself, or an app inside middleware.
    Return None if there is no instance.
    """
    kind = getattr(sys.modules.get(module), name, None)
    for _ in range(16):
        if kind is not None and isinstance(app, kind):
            return app
        app = next((inner for each in ("app", "wsgi_app", "application") if (inner := _attribute(app, each))), None)
    return None


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute that is set on the object itself; None if absent.

    If the attribute is a bound method, e.g. `app.wsgi_app`, return the object of the method, here `app`.
    """
    inner = getattr(value, "__dict__", {}).get(name)
    return getattr(inner, "__self__", inner)


def _is_django(app: Any) -> bool:
    kind = getattr(sys.modules.get("django.core.handlers.base"), "BaseHandler", None)
    return isinstance(kind, type) and isinstance(app, kind)


def look(app: Any, notes: Notes, own: Own) -> None:
    """Record the facts of the frameworks."""
    _sockets(notes, own)
    _websocket_routes(app, notes, own)
    _uploads(app, notes, own)
    if _is_django(app):
        _django(notes, own)


def _sockets(notes: Notes, own: Own) -> None:
    """Record each extension that has an object, with the first line of own code that calls its class."""
    kinds = {each for value in gc.get_objects() for each in type(value).__mro__}
    for package, name, text in EXTENSIONS:
        if getattr(sys.modules.get(package), name, None) in kinds and (place := _call(name, own)) is not None:
            notes.add("websocket-extension", place.code, place, name=text)


def _call(name: str, own: Own) -> Place | None:
    """Return the first line of the app's own code that calls a function or method with this name; else None."""
    for module in own.modules():
        for node in walk(module):
            if isinstance(node, ast.Call) and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                return at(str(module.__file__), node.lineno)
    return None


def _websocket_routes(app: Any, notes: Notes, own: Own) -> None:
    for route in _starlette_routes(app):
        if "WebSocket" in type(route).__name__:
            place = own.place_of_code(getattr(route, "endpoint", None))
            notes.add("websocket-route", f"{type(route).__name__}({route.path!r})", place, path=route.path)


def _uploads(app: Any, notes: Notes, own: Own) -> None:
    flask = _of(app, "flask", "Flask") or _of(app, "quart", "Quart")
    size = flask.config.get("MAX_CONTENT_LENGTH") if flask else None
    if isinstance(size, int):
        place = own.place_of_name("MAX_CONTENT_LENGTH")
        notes.add("upload", f"MAX_CONTENT_LENGTH is {size:,}", place, size=size)
        return
    for module in own.modules():
        for node in walk(module):
            if _takes_files(node):
                place = at(str(module.__file__), getattr(node, "lineno", 0))
                notes.add("upload", place.code, place)


def _takes_files(node: ast.AST) -> bool:
    """Return True for request.files, request.FILES, or a parameter of FastAPI's type UploadFile."""
    if isinstance(node, ast.Attribute) and node.attr in ("files", "FILES"):
        return isinstance(node.value, ast.Name) and node.value.id == "request"
    if isinstance(node, ast.arg) and node.annotation is not None:
        return any(isinstance(each, ast.Name) and each.id == "UploadFile" for each in ast.walk(node.annotation))
    return False


def _django(notes: Notes, own: Own) -> None:
    settings = importlib.import_module("django.conf").settings
    for name, database in settings.DATABASES.items():
        if age := database.get("CONN_MAX_AGE"):
            place = own.place_of_name("CONN_MAX_AGE")
            notes.add("conn-max-age", f"CONN_MAX_AGE = {age}", place, database=name, age=age)
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if isinstance(size, int) and settings.is_overridden("DATA_UPLOAD_MAX_MEMORY_SIZE"):
        place = own.place_of_name("DATA_UPLOAD_MAX_MEMORY_SIZE")
        notes.add("upload", f"DATA_UPLOAD_MAX_MEMORY_SIZE is {size:,}", place, size=size)
    load = importlib.import_module("django.utils.module_loading").import_string
    for path in settings.MIDDLEWARE:
        middleware = load(path)
        if not getattr(middleware, "sync_capable", True):
            place = own.place_of_code(middleware) or own.place_of_name(path)
            notes.add("async-middleware", f"{path}.sync_capable is False", place, name=path)
