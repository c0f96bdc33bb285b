"""Run an app of the battery natively and through an adapter, and list the differences that no row accepts.

Knows which servers run which interface. battery.py knows the requests, differences.py the accepted differences.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.real.native.battery import CONVERSATIONS, App, Conversation, Facts
from tests.real.native.compare import differences
from tests.real.native.differences import ACCEPTED
from tests.real.native.rows import APPS, VARIANTS
from tests.real.serving import Running, serve

ADAPTED = "tests.real.native.adapted:app"
NATIVE = {"wsgi": ("gunicorn", "--worker-class", "gthread", "--threads", "16"), "asgi": ("uvicorn",)}
OURS = {"wsgi": "gateways.adapters:WSGIToASGI", "asgi": "gateways.adapters:ASGIToWSGI"}
THROUGH: dict[str, dict[str, tuple[str, ...]]] = {
    "wsgi": {"uvicorn": ("uvicorn",), "hypercorn": ("hypercorn",), "granian": ("granian-asgi",)},
    "asgi": {
        "gunicorn-sync": ("gunicorn", "--worker-class", "sync", "--threads", "1", "--workers", "3"),
        "gunicorn-gthread": ("gunicorn", "--worker-class", "gthread", "--threads", "16"),
        "waitress": ("waitress", "--threads=16"),
    },
}
FIRST = {"wsgi": "uvicorn", "asgi": "gunicorn-gthread"}


def pairs(interface: str) -> list[tuple[App, str]]:
    """Return each app with each server that it is tested on; variants of an app are tested on one server only."""
    return [
        (app, server)
        for app in APPS
        if app.interface == interface
        for server in ([FIRST[interface]] if app.name in VARIANTS else THROUGH[interface])
    ]


@contextlib.contextmanager
def native(app: App, folder: Path) -> Iterator[Running]:
    env = {**os.environ, "NATIVE_FOLDER": str(folder)}
    with serve(app.target, *NATIVE[app.interface], env=env, within=40) as server:
        yield server


@contextlib.contextmanager
def adapted(app: App, server: str, folder: Path, adapter: str = "") -> Iterator[Running]:
    """Serve the app through this project's adapter, or through another adapter ("module:class")."""
    named = {
        "NATIVE_FOLDER": str(folder),
        "NATIVE_TARGET": app.target,
        "NATIVE_ADAPTER": adapter or OURS[app.interface],
    }
    with serve(ADAPTED, *THROUGH[app.interface][server], env={**os.environ, **named}, within=40) as running:
        yield running


def conversations(app: App) -> list[Conversation]:
    return [each for each in CONVERSATIONS if each.role in app.roles]


def asked(server: Running, app: App) -> dict[str, Facts]:
    return {each.name: each.ask(server, app, app.roles[each.role]) for each in conversations(app)}


def unaccepted(
    app: App, server: str, first: dict[str, Facts], again: dict[str, Facts], ours: dict[str, Facts]
) -> list[str]:
    return [
        f"{name}: {line[:400]}"
        for name in first
        for line in differences(first[name], again[name], ours[name])
        if not any(each.covers(line, app.interface, server, name, app.name) for each in ACCEPTED)
    ]


_asked_natively: dict[str, tuple[Path, dict[str, Facts], dict[str, Facts]]] = {}


def natively(app: App) -> tuple[Path, dict[str, Facts], dict[str, Facts]]:
    """Return the app's folder, and its native responses in two runs. Cached in this process.

    The adapted app gets the same folder, because ETags depend on the files.
    """
    if app.name not in _asked_natively:
        folder = Path(tempfile.mkdtemp(prefix="native-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with native(app, folder) as server:
            _asked_natively[app.name] = folder, asked(server, app), asked(server, app)
    return _asked_natively[app.name]
