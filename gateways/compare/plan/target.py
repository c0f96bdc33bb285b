"""The app that is compared: the reference app, or the user's, in each form that it has or can be given.

Knows what an app is called. It must not know how it is served.
"""

import os
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateways.compare.plan.contender import Contender, Form, Launch
from gateways.serving.probe import probe
from gateways.serving.server import MODES, side

LOADING = 30.0
"""Timeout for importing an app, in seconds."""


@dataclass(frozen=True)
class Target:
    """What is served: "module:attribute", or a CGI program's path, by form. `form` is None for the reference app.

    `extra` has the forms of the app with the additional routes that some scenarios need. A `plain` target is written in
    a way that the command line of every server understands. `files` are programs that have to be written first, by
    name: an app that is one of these names lies beside the module that serves it.
    """

    name: str
    form: Form | None
    apps: dict[Form, str]
    extra: dict[Form, str] = field(default_factory=dict)
    plain: bool = True
    files: dict[str, str] = field(default_factory=dict)

    def launch(self, contender: Contender, *, extra: bool = False) -> Launch:
        """How a contender's server is started with this app, or with that which has the additional routes."""
        app = (self.extra if extra else self.apps)[contender.form]
        if Path(app).is_relative_to(Path.cwd()):
            app = os.path.relpath(app)
        launch = contender.launch(app, plain=self.plain, beside=self.files)
        return replace(launch, files=launch.files | {name: text for name, text in self.files.items() if name == app})


def reference() -> Target:
    """Return the reference app, which exists in all forms."""
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


def of_user(target: str) -> Target:
    """The user's app; gateways.serving.target says what it may be.

    Raises:
        Failure: the app does not exist, or cannot be imported.
    """
    found = probe(target, LOADING)
    if found.interface == "cgi":
        return Target(target, "cgi", {"cgi": found.signature})
    form: Form = found.interface
    values = {"python": sys.executable, "folder": str(Path.cwd()), "app": _anywhere(target), "form": form.upper()}
    plain = _plain(target, found.signature)
    return Target(target, form, {form: target, "cgi": PROGRAM}, {}, plain, {PROGRAM: _PROGRAM.format(**values)})


PROGRAM = "gateways_app.cgi"
"""The name of the CGI program that a user's app is made into."""

_PROGRAM = """#!{python}
import os
import sys
os.chdir({folder!r})
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
    """Return True if every server understands the target. Some do not support files, default names and factories."""
    return re.fullmatch(r"[\w.]+:[\w.]+", target) is not None and "()(" not in signature
