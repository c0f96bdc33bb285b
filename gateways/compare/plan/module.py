"""Generate the source of a small module with the app, for a server whose command line cannot name the app itself. Pure.

The module is self-contained: you can save it and run the server's command. It creates `app` during its import, because
hypercorn ignores a module's `__getattr__`. Each adapter is used as its documentation describes.
"""

from collections.abc import Collection

_OBJECT = "from gateways.serving.target import load_object\n"
_PROGRAM = "import os\nimport sys\nfrom pathlib import Path\n"
_PATH = (
    "# A program that begins with `#!/usr/bin/env python3` runs with the Python that runs this module.\n"
    'PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])\n'
)


def _cgi(adapter: str, warm: bool) -> tuple[str, str]:
    call = f'{adapter}({{program}}, env={{{{"PATH": PATH}}}}, inherit=os.environ, warm={warm})'
    return f"{_PROGRAM}\nfrom gateways.adapters import {adapter}\n\n{_PATH}", call


SOURCES: dict[tuple[str, str, str], tuple[str, str]] = {
    ("cgi", "asgi", "cold"): _cgi("CGIToASGI", warm=False),
    ("cgi", "asgi", "warm"): _cgi("CGIToASGI", warm=True),
    ("cgi", "wsgi", "cold"): _cgi("CGIToWSGI", warm=False),
    ("cgi", "wsgi", "warm"): _cgi("CGIToWSGI", warm=True),
    ("wsgi", "wsgi", ""): (_OBJECT, "load_object({app!r})"),
    ("asgi", "asgi", ""): (_OBJECT, "load_object({app!r})"),
    ("wsgi-on-asgi", "asgi", "ours"): (
        f"from gateways.adapters import WSGIToASGI\n{_OBJECT}",
        "WSGIToASGI(load_object({app!r}), threads={threads})",
    ),
    ("wsgi-on-asgi", "asgi", "a2wsgi"): (
        f"from a2wsgi import WSGIMiddleware\n\n{_OBJECT}",
        "WSGIMiddleware(load_object({app!r}), workers={threads})",
    ),
    ("wsgi-on-asgi", "asgi", "asgiref"): (
        f"from asgiref.wsgi import WsgiToAsgi\n\n{_OBJECT}",
        "WsgiToAsgi(load_object({app!r}))",
    ),
    ("asgi-on-wsgi", "wsgi", "ours"): (
        f"from gateways.adapters import ASGIToWSGI\n{_OBJECT}",
        "ASGIToWSGI(load_object({app!r}))",
    ),
    ("asgi-on-wsgi", "wsgi", "a2wsgi"): (
        f"from a2wsgi import ASGIMiddleware\n\n{_OBJECT}",
        "ASGIMiddleware(load_object({app!r}))",
    ),
}
"""The imports and the expression for the app. The key is the mode, the server's interface, and the adapter's name."""


def name(mode: str, on: str, by: str) -> str:
    """Return the name of the module: "gateways_wsgi_on_asgi_ours"."""
    parts = (mode, "on", on, by) if mode in {"cgi", on} else (mode, by)
    return "_".join(["gateways", *(part.replace("-", "_") for part in parts if part)])


def source(mode: str, on: str, by: str, app: str, threads: int | None, beside: Collection[str] = ()) -> str:
    """Return the text of the module. app: a CGI program or a target. beside: programs in the module's folder."""
    imports, expression = SOURCES[mode, on, by]
    program = f"Path(__file__).with_name({app!r})" if app in beside else repr(app)
    call = expression.format(app=app, program=program, threads=threads)
    what = f"an adapter ({by})" if by else "no adapter"
    return f'"""{app} as {mode}, with {what}, for a server that speaks {on.upper()}."""\n\n{imports}\napp = {call}\n'
