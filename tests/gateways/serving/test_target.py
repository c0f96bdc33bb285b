"""Detection of targets and interfaces: from literal apps, and from files in a separate process."""

import functools
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways.failure import Failure
from gateways.serving.interface import interface_of
from gateways.serving.probe import probe
from gateways.serving.target import find


class WSGIInstance:
    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("called")


class WSGIClass:
    """PEP 3333's own example of an app that is a class."""

    def __init__(self, environ: object, start_response: object) -> None:
        raise AssertionError("called")


class ASGIInstance:
    async def __call__(self, scope: object, receive: object, send: object) -> None:
        raise AssertionError("called")


class ASGI2Class:
    def __init__(self, scope: object) -> None:
        raise AssertionError("called")

    async def __call__(self, receive: object, send: object) -> None:
        raise AssertionError("called")


class Configured:
    def __init__(self, files: object = (), memory: object = 0, cors: object = 0, settings: object = None) -> None: ...


class OfConfig(ASGIInstance):
    def __init__(self, config: object) -> None: ...


async def asgi(scope: object, receive: object, send: object) -> None:
    raise AssertionError("called")


def returns_a_coroutine(scope: object, receive: object, send: object) -> object:
    raise AssertionError("called")


def wsgi(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("called")


def wsgi_with_more(environ: object, start_response: object, log: object = None) -> list[bytes]:
    raise AssertionError("called")


@functools.wraps(wsgi)
def decorated(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("called")


async def any_async(*args: object) -> None:
    raise AssertionError("called")


@pytest.mark.parametrize("app", [wsgi, wsgi_with_more, decorated, WSGIInstance(), WSGIClass, WSGIInstance().__call__])
def test_wsgi_apps_are_recognised_without_a_call(app: object) -> None:
    assert interface_of(app) == "wsgi"


@pytest.mark.parametrize(
    "app",
    [
        asgi,
        any_async,
        returns_a_coroutine,
        ASGIInstance(),
        ASGI2Class,
        functools.partial(asgi),
        ASGIInstance().__call__,
    ],
)
def test_asgi_apps_are_recognised_without_a_call(app: object) -> None:
    assert interface_of(app) == "asgi"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (3, "the app is an int, which is not callable; expected a WSGI or ASGI app"),
        (
            lambda *args: args,
            "the app takes (*args), so it may be WSGI or ASGI",
        ),
        (
            lambda a, b, c, d: a,
            "the app is a function that takes (a, b, c, d); WSGI apps take (environ, start_response)",
        ),
        (lambda config: config, "the app is a function that takes (config); WSGI apps take "),
        (Configured, "the app is a class that takes (files, memory, cors, settings); WSGI apps take "),
        (OfConfig, "the app is a class that takes (config); WSGI apps take (environ, start_response)"),
    ],
)
def test_other_objects_are_refused(app: object, said: str) -> None:
    with pytest.raises(Failure) as caught:
        interface_of(app)
    assert str(caught.value).startswith(said)


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    made = types.ModuleType("made_for_this")
    sys.modules["made_for_this"] = made

    def fill(**names: object) -> str:
        vars(made).update(names)
        return "made_for_this"

    yield fill
    del sys.modules["made_for_this"]


def test_a_module_is_searched_for_its_app(module: Callable[..., str]) -> None:
    assert find(module(application=wsgi, app=asgi)).app is asgi
    assert find("made_for_this:application").app is wsgi


def test_a_wrong_interface_option_gets_a_warning(module: Callable[..., str]) -> None:
    found = find(f"{module(app=asgi, any=any_async)}:app", "wsgi")
    assert found.interface == "wsgi"
    assert found.doubt == (
        "made_for_this:app is called await app(scope, receive, send), as ASGI apps are; --interface wsgi may be wrong"
    )
    assert find("made_for_this:app", "asgi").doubt == ""


def test_a_factory_is_detected_and_called(module: Callable[..., str]) -> None:
    found = find(module(create_app=lambda settings=None: wsgi))
    assert (found.app, found.interface, found.signature) == (wsgi, "wsgi", "create_app()(environ, start_response)")
    assert find("made_for_this:create_app()").app is wsgi


def test_a_class_whose_instances_are_apps_is_a_factory(module: Callable[..., str]) -> None:
    assert isinstance(find(f"{module(App=WSGIInstance)}:App").app, WSGIInstance)


@pytest.mark.parametrize(
    ("names", "target", "said"),
    [
        (
            {"create_app": lambda settings: wsgi},
            ":create_app('x')",
            "'made_for_this:create_app('x')' calls create_app with arguments, which a target cannot have",
        ),
        ({"aap": WSGIInstance()}, ":app", "module made_for_this has no attribute 'app'; did you mean 'aap'?"),
        ({"site": WSGIInstance()}, "", "module made_for_this has no app named app, application, "),
        ({"make_app": lambda: 1 / 0}, "", "made_for_this:make_app() raised ZeroDivisionError('division by zero') ("),
        ({"app": "text"}, "", "the app 'app' of module made_for_this is a str, which is not callable"),
        ({"app": sys, "api": None}, "", "module made_for_this has no app named app, application, "),
        ({"app": "text"}, ":app", "made_for_this:app is a str, which is not callable"),
        ({"app": "text"}, ":app()", "made_for_this:app is a str, which is not callable; leave out its '()'"),
    ],
)
def test_an_invalid_target_is_reported(
    module: Callable[..., str], names: dict[str, object], target: str, said: str
) -> None:
    with pytest.raises(Failure) as caught:
        find(module(**names) + target)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    return tmp_path


MANAGE = """#!/usr/bin/env python
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')
execute_from_command_line(sys.argv)
"""
APP = "def app(environ, start_response): raise AssertionError('called')\n"


@pytest.mark.parametrize("target", ["shop", "shop:app", "shop.py", "./shop.py:app", "part/shop.py", "part.shop"])
def test_a_file_is_found_by_name_or_path(folder: Path, target: str) -> None:
    (folder / "shop.py").write_text(APP)
    (folder / "part").mkdir()
    (folder / "part" / "__init__.py").touch()
    (folder / "part" / "shop.py").write_text(f"from . import __name__ as inside\n{APP}")
    known = probe(target, 20)
    assert (known.interface, known.signature) == ("wsgi", "app(environ, start_response)")


def test_an_executable_file_is_a_cgi_program_and_is_not_run(folder: Path) -> None:
    program = folder / "hello.sh"
    program.write_text("#!/bin/sh\ntouch called\n")
    program.chmod(0o755)
    assert probe("./hello.sh", 20).interface == "cgi"
    assert probe(str(folder), 20).interface == "cgi"
    assert not (folder / "called").exists()


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (APP, "shpo", "no module 'shpo' in this folder; did you mean 'shop'?"),
        (APP, "none/at/all.py", "no file 'none/at/all.py' in this folder"),
        (APP, ":app", "the target has no module before its ':'; give e.g. main:app"),
        ("import nothing_such", "shop", "importing shop failed: No module named 'nothing_such' ("),
        ("def", "shop", "importing shop failed: SyntaxError: invalid syntax ("),
        ("1 / 0", "shop", "importing shop failed: ZeroDivisionError('division by zero') ("),
        ("raise SystemExit(3)", "shop", "importing shop failed: SystemExit(3) ("),
        (
            "import os; print('bye', flush=True); os._exit(4)",
            "shop",
            "importing 'shop' ended the process with exit status 4: bye",
        ),
        ("import time; time.sleep(60)", "shop", "importing 'shop' has not finished after 1 seconds"),
        (
            APP,
            "text.txt",
            "'text.txt' is neither a Python file nor executable; if it is a CGI program: chmod +x text.txt",
        ),
        (
            APP,
            "mysite",
            "module mysite has no app named app, application, api, asgi_app, wsgi_app, create_app, make_app, get",
        ),
        (APP, "manage.py", "'manage.py' is Django's command, not an app; the app is mysite.wsgi or mysite.asgi"),
        (APP, "empty", "the folder 'empty' contains no CGI program (an executable file); make a file "),
    ],
)
def test_a_failed_import_is_reported_in_one_line(folder: Path, source: str, target: str, said: str) -> None:
    (folder / "shop.py").write_text(source)
    (folder / "text.txt").touch()
    (folder / "empty").mkdir()
    (folder / "mysite").mkdir()
    for name in ("__init__", "wsgi", "asgi"):
        (folder / "mysite" / f"{name}.py").touch()
    (folder / "manage.py").write_text(MANAGE)
    (folder / "manage.py").chmod(0o755)
    with pytest.raises(Failure) as caught:
        probe(target, 1 if "sleep" in source else 20)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    if target == "mysite":
        assert str(caught.value).endswith("; did you mean 'mysite.wsgi' or 'mysite.asgi'?")
    if "(" in said[-1]:
        assert "shop.py:1)" in str(caught.value)
