"""`gateways check` of real apps: every planted trap is found with its line, and clean apps get no finding."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateways.check.run import ASK
from tests.real.running import run

APPS = Path(__file__).parent / "apps" / "checked"


def checked(target: str | Path, *options: str) -> dict[str, Any]:
    done = run("check", str(target), "--json", *options)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    is_exercised = any(status[0] in "23" for status in report["requests"].values())
    assert done.returncode == (1 if report["findings"] else 0 if is_exercised else 2)
    return report


def rules(report: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the rule and source line of each finding; the request if there is no line."""
    return {(each["rule"], each["where"]["code"] if each["where"] else each["request"]) for each in report["findings"]}


FLASK = {
    ("hop-by-hop", 'return Response("bye", headers={"Connection": "close"})'),
    ("relative-path", 'with open("terms.txt") as file:'),
}


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (
            "",
            {
                ("unsafe-global", 'database = sqlite3.connect(":memory:")'),
                ("unsafe-global", "session = requests.Session()"),
                ("thread-local", "current = threading.local()"),
                ("blocked-loop", "time.sleep(0.15)  # noqa: ASYNC251 - the trap"),
            },
        ),
        ("--to wsgi --threads 1", {("upload", 'app.config["MAX_CONTENT_LENGTH"] = 2_000_000_000')}),
        (
            "--to cgi",
            {
                (
                    "background",
                    'threading.Thread(target=time.sleep, args=(0.5,), name="mailer").start()',
                )
            },
        ),
    ],
)
def test_the_problems_of_a_flask_app_are_found(options: str, more: set[tuple[str, str]]) -> None:
    found = rules(checked(APPS / "flask_traps.py", *options.split()))
    assert {each for each in found if each[0] != "websocket-extension"} == FLASK | more


def test_the_problems_of_a_django_app_are_found() -> None:
    found = rules(checked(APPS / "django_traps.py"))
    assert {rule for rule, _ in found} == {
        *("hop-by-hop", "relative-path", "unsafe-global", "thread-local", "conn-max-age", "async-middleware")
    }
    assert ("conn-max-age", '"CONN_MAX_AGE": 60,') in found
    report = checked(APPS / "django_traps.py", "--server", "waitress")
    assert ("upload", "DATA_UPLOAD_MAX_MEMORY_SIZE=2_000_000_000,") in rules(report)
    assert ("relative-path", 'return HttpResponse(open("motto.txt").read())') in found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--server daphne", {"hop-by-hop", "blocked-loop", "lifespan"}),
        ("--server gunicorn", {"hop-by-hop", "blocked-loop", "background", "stream", "signal-handler"}),
        ("--server nginx", {"hop-by-hop", "blocked-loop", "stream", "upload"}),
        ("--to cgi", {"hop-by-hop", "background", "lifespan", "stream", "environment", "websocket-route"}),
    ],
)
def test_the_problems_of_a_fastapi_app_are_found(
    options: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET_KEY", "hidden")
    report = checked(APPS / "fastapi_traps.py", *options.split())
    assert {rule for rule, _ in rules(report)} == expected
    assert "hidden" not in json.dumps(report)
    for each in report["findings"]:
        assert each["seen"]
        assert each["why"]
        assert each["remedy"]


@pytest.mark.parametrize("app", ["flask_clean.py", "fastapi_clean.py", "django_clean.py", "django_clean.py:asgi"])
@pytest.mark.parametrize("options", ["--to wsgi", "--to asgi", "--to cgi", "--server daphne", "--server granian"])
def test_a_clean_app_has_no_finding(app: str, options: str) -> None:
    report = checked(APPS / app, *options.split())
    assert report["findings"] == []
    assert len(report["requests"]) >= 4
    assert report["problems"] == []


def test_a_blocking_call_is_shown_with_its_stack_and_time() -> None:
    done = run("check", str(APPS / "fastapi_traps.py"), "--server", "uvicorn", "--path", "/blocking")
    assert "the loop was blocked for 1" in done.stdout
    assert "in blocking: time.sleep(0.15)" in done.stdout
    assert done.stdout.endswith("1 finding for uvicorn\n")


BREACHES = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"four"]

def text(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["text"]

async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/plain")]})
    await send({"type": "http.response.body", "body": "text"})

async def silent(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()

def endless(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    def body():
        import time
        while True:
            time.sleep(0.1)
            yield b"x"
    return body()

def stuck(environ, start_response):
    import threading
    threading.Event().wait()
"""


@pytest.fixture
def breaching(tmp_path: Path) -> Path:
    file = tmp_path / "breaching.py"
    file.write_text(BREACHES)
    return file


@pytest.mark.parametrize(
    ("name", "seen", "why"),
    [
        ("wsgi", "Content-Length is 3, the body has 4 bytes", "RFC 9110, 8.6"),
        ("text", "Iterator yielded non-bytestring ('text')", "PEP 3333, Buffering and Streaming"),
        ("asgi", "http.response.body: body is 'text'", "ASGI HTTP, Response Body: body: bytes"),
        ("silent", "the app returned in the state 'nothing sent'", "ASGI http: an app must send its whole response"),
    ],
)
def test_the_breach_of_an_interface_is_found_with_its_clause(name: str, seen: str, why: str, breaching: Path) -> None:
    report = checked(f"{breaching}:{name}", "--to", "wsgi")
    found = [each for each in report["findings"] if each["rule"] == "breach"]
    assert (seen, True) in {(each["seen"], each["why"].startswith(why)) for each in found}


def test_header_names_in_mixed_case_are_a_breach_of_the_apps_own_code_only(breaching: Path) -> None:
    report = checked(f"{breaching}:asgi", "--to", "wsgi")
    (found,) = (each for each in report["findings"] if "headers is" in each["seen"])
    assert found["where"]["code"].startswith('await send({"type": "http.response.start"')


def test_an_endless_response_is_aborted_and_a_stuck_one_is_reported(breaching: Path) -> None:
    report = checked(f"{breaching}:endless", "--to", "cgi")
    assert [rule for rule, _ in rules(report)] == ["stream"]
    report = checked(f"{breaching}:stuck", "--to", "asgi")
    assert report["requests"] == {"GET /": f"not finished within {ASK + 5:g} s"}
    assert report["problems"] == ["GET / did not finish, so later requests were not sent", NOTHING]


NOTHING = "no request succeeded, so the app was not exercised; name paths that it serves with --path"
FAILING = """
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raises":
        raise ZeroDivisionError("of the app")
    status = {"/": "200 OK", "/boom": "500 Internal Server Error"}.get(path, "404 Not Found")
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]
"""


def test_the_stderr_of_a_failed_program_is_shown(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho planted >&2\nprintf 'Status: 500 Oops\\n\\n'\n")
    program.chmod(0o755)
    *_, heading, line = (each for each in checked(program)["problems"] if "as root" not in each)
    assert (heading, line) == ("output of the app:", f"  {program}: planted")


@pytest.mark.parametrize(
    ("paths", "status", "problems"),
    [
        ("/ /typo", 0, []),
        ("/ /boom", 0, ["GET /boom failed: 500"]),
        ("/ /raises", 0, ["GET /raises failed: no response (raised ZeroDivisionError: of the app)"]),
        ("/typo", 2, [NOTHING]),
        ("/boom", 2, ["GET /boom failed: 500", NOTHING]),
    ],
)
def test_failed_requests_are_problems_and_without_a_success_there_is_no_valid_result(
    paths: str, status: int, problems: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "failing.py"
    file.write_text(FAILING)
    options = [word for path in paths.split() for word in ("--path", path)]
    assert checked(file, *options)["problems"] == problems
    done = run("check", str(file), *options)
    assert done.returncode == status
    assert done.stdout.endswith(f"no {'result' if status else 'finding'} for WSGIToASGI on uvicorn\n")
    assert set(problems) <= set(done.stdout.splitlines())


def test_requests_of_a_file_are_sent_with_their_bodies(tmp_path: Path) -> None:
    file = tmp_path / "echo.py"
    file.write_text(
        "def app(environ, start_response):\\n"
        "    body = environ['wsgi.input'].read(int(environ['CONTENT_LENGTH']))\\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain'), ('Upgrade', body.decode())])\\n"
        "    return [body]\\n".replace("\\n", "\n")
    )
    requests = tmp_path / "requests.jsonl"
    requests.write_text('{"method": "POST", "path": "/a?b=c", "body": "posted"}\n')
    report = checked(file, "--requests", str(requests))
    assert report["requests"] == {"POST /a?b=c": "200"}
    assert [each["seen"] for each in report["findings"]] == ["Upgrade: posted"]


def test_a_cgi_program_that_shows_its_environment_or_breaks_the_protocol_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "cgi-bin"
    folder.mkdir()
    programs = {
        "env": "#!/bin/sh\necho Content-Type: text/plain\necho\nenv\n",
        "bad": "#!/bin/sh\necho no head\n",
        "good": "#!/bin/sh\necho Content-Type: text/plain\necho\necho hello\n",
    }
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    report = checked(folder)
    assert set(report["requests"]) == {"GET /env", "GET /bad", "GET /good"}
    assert {(each["rule"], each["request"]) for each in report["findings"]} == {
        ("shown-environment", "GET /env"),
        ("breach", "GET /bad"),
    }


def test_a_site_runs_only_the_programs_below_its_cgi_folders(tmp_path: Path) -> None:
    (tmp_path / "cgi-bin").mkdir()
    for name in ("cgi-bin/good", "manage.py"):
        (tmp_path / name).write_text("#!/bin/sh\ntouch ran\necho Content-Type: text/plain\necho\necho hello\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    assert checked(tmp_path)["requests"] == {"GET /cgi-bin/good": "200 OK"}
    report = checked(tmp_path, "--path", "/manage.py", "--path", "/cgi-bin/good")
    assert report["requests"] == {"GET /manage.py": "403 Forbidden", "GET /cgi-bin/good": "200 OK"}
    assert (tmp_path / "cgi-bin" / "ran").exists()
    assert not (tmp_path / "ran").exists()
    (tmp_path / "cgi-bin" / "good").unlink()
    done = run("check", str(tmp_path))
    assert done.returncode == 2
    assert "has no CGI program (an executable file below cgi-bin or htbin) to check" in done.stderr


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("raise RuntimeError('no database')", "", "importing unfit failed: RuntimeError('no database')"),
        ("import os; os._exit(3)", "", "the app ended the process of the check with status 3"),
        (
            "import time; time.sleep(600)",
            "--timeout 1",
            "has not finished after 1 seconds; raise the limit with --timeout",
        ),
        ("def app(environ, start_response): ...", "--server nosuch", "unknown server 'nosuch'; choose one of"),
        ("def app(environ, start_response): ...", "--path x", "'x' does not begin with a slash"),
    ],
)
def test_an_app_that_cannot_be_checked_exits_with_status_2(text: str, options: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "unfit.py"
    file.write_text(text)
    done = run("check", str(file), *options.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


FACTORY = """
import os, sqlite3
from flask import Flask
from flask_sock import Sock

os.environ.setdefault("SHOP_MODE", "own")
MODE = os.environ["SHOP_MODE"], os.environ.get("SHOP_COLOUR")

def create_app():
    app = Flask(__name__)
    app.sock = Sock(app)
    app.database = sqlite3.connect(":memory:")
    return app
"""


def test_objects_created_by_a_factory_are_found_where_they_are_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "factory.py"
    file.write_text(FACTORY)
    found = rules(checked(file, "--to", "asgi"))
    assert ("unsafe-global", 'app.database = sqlite3.connect(":memory:")') in found
    monkeypatch.setenv("SHOP_COLOUR", "red")
    report = checked(file, "--to", "cgi")
    assert ("websocket-extension", "app.sock = Sock(app)") in rules(report)
    # A variable that the app sets itself exists everywhere.
    variables = [each["seen"] for each in report["findings"] if each["rule"] == "environment"]
    assert variables == ["os.environ['SHOP_COLOUR'] is read"]
