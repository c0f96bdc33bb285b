"""`gateways serve` before the server starts: detection of targets, startup lines, and errors."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateways.cli import main
from gateways.cli.plan import Plan, heading, what
from gateways.serving.probe import Known
from gateways.serving.server import Mode, side
from gateways.serving.settings import Settings
from gateways.serving.target import is_site

APPS = """
def wsgi(environ, start_response): ...
async def asgi(scope, receive, send): ...
def either(*args): ...
number = 42
def create_app(config=None): return wsgi
def fails(): return 1 / 0
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a module of apps and a CGI program in it. Signal handlers are restored."""
    (tmp_path / "apps.py").write_text(APPS)
    program = tmp_path / "hello.cgi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    yield tmp_path
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def serve(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'TARGET'."),
        ([""], "Invalid value for 'TARGET': the target is empty; give a module and its app, e.g. 'shop:app', or '.'"),
        (
            ["apps:"],
            "Invalid value for 'TARGET': 'apps:' has no attribute after the ':'; give e.g. 'apps:app' or 'apps'.",
        ),
        (["apps:wsgi", "--unix", "s", "--port", "1"], "--unix replaces --host and --port; use it without them."),
        (
            ["apps:wsgi", "--server", "nope"],
            "Invalid value for '--server': unknown server 'nope'; choose one of uvicorn, waitress",
        ),
        (
            ["apps:wsgi", "--mode", "asgi", "--server", "waitress"],
            "Invalid value for '--server': 'waitress' is not an ASGI server; ",
        ),
        (["apps:asgi", "--threads", "2"], "uvicorn does not support --threads; no ASGI server supports it."),
        (
            ["apps:wsgi", "--mode", "cgi", "--threads", "2"],
            "uvicorn does not support --threads; no CGI server supports it.",
        ),
        (
            ["apps:wsgi", "--workers", "2"],
            "waitress does not support --workers; use one of gunicorn, granian, or, with an adapter, uvicorn.",
        ),
        (["http://127.0.0.1:8000"], "Invalid value for 'TARGET': 'http://127.0.0.1:8000' is a URL; give an app, e.g. "),
        (["apps:wsgi", "--workers", "0"], "Invalid value for '--workers': 0 is not in the range x>=1."),
        (
            ["apps:asgi", "--server", "daphne", "--unix", "s"],
            "daphne does not support --unix; use one of uvicorn, hyper",
        ),
        (["hello.cgi", "--reload", "--port", "0"], "--reload does not apply to CGI, "),
        (["apps:wsgi", "--warm"], "--warm is for CGI programs, and apps:wsgi is not one."),
        (["hello.cgi", "--env", "=x"], "--env '=x' has no name before the '='; write e.g. --env LANGUAGE=en."),
        (["hello.cgi", "--env", "NO_SUCH_NAME"], "--env NO_SUCH_NAME: the variable is not set in this environment; "),
        (["apps:wsgi", "--env", "A=B"], "--env is for CGI programs, and apps:wsgi is not one."),
    ],
)
def test_a_wrong_command_line_is_reported_in_one_line_with_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"gateways serve: {said}")
    assert err.endswith(" (see gateways serve --help)\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no module 'nothing' in this folder; it has apps"),
        (["apps:wsgy"], "module apps has no attribute 'wsgy'; did you mean 'wsgi'?"),
        (["apps:number"], "apps:number is an int, which is not callable; expected a WSGI or ASGI app"),
        (
            ["apps:either"],
            "apps:either takes (*args), so it may be WSGI or ASGI; use --interface wsgi or ",
        ),
        (
            ["apps:wsgi", "--interface", "cgi"],
            "'apps:wsgi' is neither a CGI program (an executable file) nor a folder",
        ),
        (["apps:wsgi", "--unix", "no/folder"], "cannot listen on no/folder: No such file or directory; "),
    ],
)
def test_an_unservable_target_is_reported_in_one_line_with_status_1(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(*arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"gateways serve: {said}")


@pytest.mark.parametrize(
    ("target", "text", "frames", "last"),
    [
        (
            "broken",
            "import apps\napps.fails()\n",
            ["apps.fails()", "return 1 / 0"],
            "ZeroDivisionError: division by zero",
        ),
        ("broken", "x = (\n", ["x = ("], "SyntaxError: '(' was never closed"),
        (
            "broken",
            "import no_such_library\n",
            ["import no_such_library"],
            "ModuleNotFoundError: No module named 'no_such",
        ),
        ("apps:fails()", "", ["return 1 / 0"], "ZeroDivisionError: division by zero"),
    ],
)
def test_a_failed_import_shows_the_apps_traceback_and_one_line(
    folder: Path, target: str, text: str, frames: list[str], last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.py").write_text(text)
    assert serve(target) == 1
    *traceback, raised, line = capsys.readouterr().err.splitlines()
    assert raised.startswith(last)
    assert line.startswith("gateways serve: ")
    files = [each.split('"')[1] for each in traceback if each.startswith("  File ")]
    assert {Path(file).parent for file in files} == {folder}  # no frames of the importer
    shown = "\n".join(traceback)
    assert all(frame in shown for frame in frames)


def test_a_folder_is_a_site_unless_it_is_a_cgi_bin_or_a_python_package(tmp_path: Path) -> None:
    (tmp_path / "www" / "cgi-bin").mkdir(parents=True)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    assert is_site(tmp_path)
    assert is_site(tmp_path / "www")
    assert not is_site(tmp_path / "www" / "cgi-bin")
    assert not is_site(tmp_path / "package")
    assert not is_site(tmp_path / "nothing")
    assert not is_site(tmp_path / "apps.py")
    (tmp_path / "package" / "cgi-bin").mkdir()
    assert is_site(tmp_path / "package")


def plan(known: Known, mode: Mode, server: str, settings: Settings) -> Plan:
    return Plan(known, mode, server, settings, reload=False, quiet=False)


WSGI = Known("shop:app", "wsgi", "app(environ, start_response)")
ASGI = Known("shop:app", "asgi", "await app(scope, receive, send)")
PROGRAM = Known("hello.cgi", "cgi", "hello.cgi")
FOLDER = Known(".", "cgi", ".")


@pytest.mark.parametrize(
    ("known", "mode", "said"),
    [
        (WSGI, "wsgi", "a WSGI app, app(environ, start_response); X speaks WSGI too, so no adapter is needed"),
        (WSGI, "asgi", "; X speaks ASGI, so it runs gateways.adapters.WSGIToASGI(app)"),
        (
            ASGI,
            "wsgi",
            "an ASGI app, await app(scope, receive, send); X speaks WSGI, so it runs gateways.adapters.ASGIToWSGI(app)",
        ),
        (ASGI, "cgi", "; each request starts a new process: gateways.adapters.ASGIToCGI(app).run()"),
        (PROGRAM, "cgi", "hello.cgi: a CGI program, run by gateways.adapters.CGIToASGI"),
        (PROGRAM, "wsgi", "run by gateways.adapters.CGIToWSGI"),
        (FOLDER, "asgi", ".: a folder of CGI programs, run by gateways.adapters.CGIToASGI"),
    ],
)
def test_one_line_names_the_app_and_the_adapter(known: Known, mode: Mode, said: str) -> None:
    line = what(plan(known, mode, "X", Settings()))
    assert said in line
    assert "\n" not in line


def test_a_site_is_described_as_having_programs_if_it_has_a_folder_for_them(tmp_path: Path) -> None:
    known, settings = Known(str(tmp_path), "cgi", str(tmp_path)), Settings(files=True)
    said = f"{tmp_path}: files without CGI programs (it has no folder cgi-bin or htbin)"
    assert what(plan(known, "asgi", "X", settings)) == said
    (tmp_path / "htbin").mkdir()
    assert "CGI programs below /cgi-bin/ and /htbin/, run by" in what(plan(known, "asgi", "X", settings))


def test_the_heading_shows_url_and_server_and_number_of_processes_and_how_to_stop() -> None:
    version = side("wsgi").SERVERS["gunicorn"].version()
    settings = Settings(threads=3, workers=1, root_path="/shop")
    where, _, end = heading(plan(WSGI, "wsgi", "gunicorn", settings), ("::1", 80))
    assert where == f"http://[::1]:80/shop  gunicorn {version}, 1 worker, 3 threads"
    assert end == "Press Ctrl-C to stop."


@pytest.mark.parametrize(
    ("known", "mode", "server", "certfile", "said"),
    [
        (ASGI, "asgi", "daphne", "", "daphne sends no lifespan events"),
        (ASGI, "wsgi", "gunicorn", "cert.pem", "WebSockets do not work over TLS"),
        (ASGI, "wsgi", "gunicorn", "", ""),
        (ASGI, "asgi", "uvicorn", "cert.pem", ""),
        (WSGI, "asgi", "daphne", "", ""),
    ],
)
def test_the_heading_says_which_features_of_asgi_the_server_does_not_have(
    known: Known, mode: Mode, server: str, certfile: str, said: str
) -> None:
    lines = heading(plan(known, mode, server, Settings(certfile=certfile)), ("127.0.0.1", 80))
    assert len(lines) == 3 + bool(said)
    assert said in lines[2]
