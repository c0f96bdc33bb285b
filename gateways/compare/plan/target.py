"""The app that is compared: the reference app, or the user's, in each form that it has or can be given.

Knows what an app is called. It must not know how it is served.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gateways.compare.plan.contender import Form
from gateways.serving.probe import probe
from gateways.serving.server import MODES, side

LOADING = 30.0
"""Seconds that an app may take to be imported."""


@dataclass(frozen=True)
class Target:
    """What is served: "module:attribute", or a CGI program's path, by form. `form` is None for the reference app.

    `extra` has the forms of the app with the routes that some scenarios need besides. A `plain` one is called in a way
    that every server's command line has.
    """

    name: str
    form: Form | None
    apps: dict[Form, str]
    extra: dict[Form, str] = field(default_factory=dict)
    plain: bool = True


def reference() -> Target:
    """The reference app, which is there in all forms."""
    extra = Path(__file__).with_name("apps")
    return Target(
        "the reference app",
        None,
        {mode: side(mode).REFERENCE for mode in MODES},
        {
            "cgi": str(extra / "cgi.py"),
            "wsgi": "gateways.compare.plan.apps.wsgi:app",
            "asgi": "gateways.compare.plan.apps.asgi:app",
        },
    )


@contextmanager
def of_user(target: str) -> Iterator[Target]:
    """The user's app, while the block runs; gateways.serving.target says what it may be.

    Raises:
        Failure: there is no such app, it cannot be imported, or is none.
    """
    found = probe(target, LOADING)
    if found.interface == "cgi":
        yield Target(target, "cgi", {"cgi": found.signature})
        return
    form: Form = found.interface
    with TemporaryDirectory(prefix="gateways-") as scratch:
        program = Path(scratch, "app.cgi")
        values = {"python": sys.executable, "folder": str(Path.cwd()), "app": _anywhere(target), "form": form.upper()}
        program.write_text(_PROGRAM.format(**values))
        program.chmod(0o755)
        yield Target(target, form, {form: target, "cgi": str(program)}, plain=_plain(target, found.signature))


_PROGRAM = """#!{python}
import sys
sys.path.insert(0, {folder!r})
from gateways.adapters import {form}ToCGI
from gateways.serving.target import load_object
{form}ToCGI(load_object({app!r})).run()
"""


def _anywhere(target: str) -> str:
    """The target as it is called in another folder."""
    location, colon, attribute = target.partition(":")
    return str(Path(location).resolve()) + colon + attribute if location.endswith(".py") else target


def _plain(target: str, signature: str) -> bool:
    """Do all servers know what it means? They do not all know files, usual names and factories."""
    return re.fullmatch(r"[\w.]+:[\w.]+", target) is not None and "()(" not in signature
