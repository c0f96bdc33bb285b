"""The app of a comparison: the reference app or the user's app, in each form that exists or can be generated.

Knows the names of apps. It must not know how to serve them.
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
    """The app to serve. For each form, it is "module:attribute" or the path of a CGI program. `form` is None for the
    reference app.

    extra: the forms of the app that have the additional routes for some scenarios. plain: True if the command line of
    every server accepts the target. files: programs by name, for the folder of the module that serves them.
    varied: True if objects get different memory addresses in each process.
    """

    name: str
    form: Form | None
    apps: dict[Form, str]
    extra: dict[Form, str] = field(default_factory=dict)
    plain: bool = True
    files: dict[str, str] = field(default_factory=dict)
    varied: bool = False

    def launch(self, contender: Contender, *, extra: bool = False) -> Launch:
        """Return the data that starts a contender's server with this app. `extra`: use the form with the
        additional routes.
        """
        app = (self.extra if extra else self.apps)[contender.form]
        if Path(app).is_relative_to(Path.cwd()):
            app = os.path.relpath(app)
        launch = contender.launch(app, plain=self.plain and not self.varied, beside=self.files)
        if self.varied:
            launch = replace(launch, files={name: _VARIED + text for name, text in launch.files.items()})
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
    """Return the user's app, given as in gateways.serving.target.

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


_VARIED = "from gateways.serving.addresses import vary_addresses\n\nvary_addresses()\n"

PROGRAM = "gateways_app.cgi"
"""The name of the CGI program that is generated for a user's app."""

_PROGRAM = """#!{python}
import os
from gateways.adapters import {form}ToCGI
from gateways.serving.target import load_object
os.chdir({folder!r})
{form}ToCGI(load_object({app!r})).run()
"""


def _anywhere(target: str) -> str:
    """Return the target in a form that is valid in any working folder."""
    location, colon, attribute = target.partition(":")
    return str(Path(location).resolve()) + colon + attribute if location.endswith(".py") else target


def _plain(target: str, signature: str) -> bool:
    """Return True if every server accepts the target. Some servers do not accept files, default names or factories."""
    return re.fullmatch(r"[\w.]+:[\w.]+", target) is not None and "()(" not in signature
