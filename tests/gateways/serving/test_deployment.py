"""The script of a deployment: its files, and the command line of each server."""

import ast
from pathlib import Path

import pytest

from gateways.serving.deployment import COMMANDS, Deployed, Place, script
from gateways.serving.server import MODES, Mode, side
from gateways.serving.settings import USUAL, Settings

WSGI = Deployed("wsgi", "shop", "app")
ASGI = Deployed("asgi", "shop", "app")


def made(
    app: Deployed,
    mode: Mode,
    server: str,
    settings: Settings = USUAL,
    place: Place = Place(),  # noqa: B008 - frozen
    taken: tuple[str, ...] = (),
) -> list[str]:
    return script(app, mode, server, settings, place, taken.__contains__)


def test_every_server_of_serve_has_a_command_line() -> None:
    assert set(COMMANDS) == {(mode, name) for mode in MODES if mode != "cgi" for name in side(mode).SERVERS}


@pytest.mark.parametrize(
    ("mode", "server", "line"),
    [
        ("wsgi", "waitress", "waitress-serve --listen=127.0.0.1:8000 --threads=8 shop:app"),
        ("wsgi", "gunicorn", "gunicorn --worker-class gthread --bind 127.0.0.1:8000 --threads 8 shop:app"),
        ("wsgi", "cheroot", "python3 -m cheroot --bind 127.0.0.1:8000 --threads 8 --max-threads 8 shop:app"),
        ("asgi", "uvicorn", "uvicorn --host 127.0.0.1 --port 8000 shop:app"),
        ("asgi", "hypercorn", "hypercorn --bind 127.0.0.1:8000 shop:app"),
        ("asgi", "daphne", "daphne -b 127.0.0.1 -p 8000 shop:app"),
        ("asgi", "granian", "granian --interface asgi --host 127.0.0.1 --port 8000 shop:app"),
    ],
)
def test_an_app_of_the_servers_own_interface_needs_no_module(mode: Mode, server: str, line: str) -> None:
    assert made(WSGI if mode == "wsgi" else ASGI, mode, server) == [line]


def test_options_are_translated_to_the_servers_own_options() -> None:
    settings = Settings(threads=3, workers=2, certfile="c.pem", keyfile="k.pem")
    (line,) = made(WSGI, "wsgi", "gunicorn", settings, Place("::1", 80))
    assert line == (
        "gunicorn --worker-class gthread --bind '[::1]:80' --threads 3 --workers 2 "
        "--certfile c.pem --keyfile k.pem shop:app"
    )
    (line,) = made(ASGI, "asgi", "uvicorn", Settings(workers=2), Place(unix="/run/a b"))
    assert line == "uvicorn --uds '/run/a b' --workers 2 shop:app"


@pytest.mark.parametrize(
    ("mode", "server", "settings", "place", "said"),
    [
        ("wsgi", "cheroot", Settings(certfile="c", keyfile="k"), Place(), "cheroot has no option for --certfile"),
        ("wsgi", "waitress", Settings(workers=2), Place(), "waitress has no option for --workers"),
        ("asgi", "granian", USUAL, Place(unix="/s"), "granian has no option for --unix"),
    ],
)
def test_an_unsupported_option_is_refused(mode: Mode, server: str, settings: Settings, place: Place, said: str) -> None:
    with pytest.raises(ValueError, match="no option") as refused:
        made(WSGI if mode == "wsgi" else ASGI, mode, server, settings, place)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("app", "mode", "server", "settings", "line"),
    [
        (WSGI, "asgi", "uvicorn", Settings(threads=5), "app = WSGIToASGI(original, threads=5)"),
        (ASGI, "wsgi", "waitress", Settings(threads=5), "app = ASGIToWSGI(original)"),
        (Deployed("wsgi", "shop", "create_app()"), "wsgi", "waitress", USUAL, "app = original()"),
        (Deployed("wsgi", "a.b", "site.app"), "asgi", "daphne", USUAL, "app = WSGIToASGI(original.app)"),
        (Deployed("wsgi", "shop", "app", "/srv/it's"), "wsgi", "waitress", USUAL, "app = original"),
        (
            Deployed("cgi", program="/srv/cgi-bin"),
            "wsgi",
            "gunicorn",
            Settings(warm=True, environment=("A=1", "B"), timeout=5.0),
            (
                "app = CGIToWSGI('/srv/cgi-bin', env={'A': '1'}, inherit=['B'], warm=True, "
                "timeouts={'head': 5.0, 'idle': 5.0, 'total': 5.0})"
            ),
        ),
        (
            Deployed("cgi", program="/srv/www"),
            "cgi",
            "uvicorn",
            Settings(files=True, cgi_dirs=("/x",)),
            "app = site('/srv/www', 'CGIToASGI', cgi_dirs=('/x',))",
        ),
    ],
)
def test_settings_without_a_command_line_option_go_into_a_module(
    app: Deployed, mode: Mode, server: str, settings: Settings, line: str
) -> None:
    lines = made(app, mode, server, settings)
    name = lines[0].removeprefix("cat > ").removesuffix(".py <<'END'")
    text = "\n".join(lines[1 : lines.index("END")])
    assert line in text
    ast.parse(text)
    assert lines[-1].endswith(f" {name}:app")


def test_no_file_is_overwritten() -> None:
    assert made(WSGI, "asgi", "uvicorn", taken=("shop_asgi.py",))[0] == "cat > shop_asgi2.py <<'END'"
    assert made(WSGI, "cgi", "uvicorn", taken=("shop.cgi",))[0] == "cat > shop2.cgi <<'END'"
    assert made(WSGI, "cgi", "uvicorn", taken=("shop.cgi", "shop2.cgi"))[0] == "cat > shop3.cgi <<'END'"
    lines = made(ASGI, "wsgi", "gunicorn", taken=("shop_wsgi_gunicorn.py",))
    assert [line for line in lines if "<<" in line] == [
        "cat > shop_wsgi2.py <<'END'",
        "cat > shop_wsgi2_gunicorn.py <<'END'",
    ]


@pytest.mark.parametrize("module", ["my-shop", "my shop", "2024", "class"])
@pytest.mark.parametrize("mode", ["wsgi", "asgi", "cgi"])
def test_an_app_in_a_file_that_an_import_statement_cannot_name_is_imported(module: str, mode: Mode) -> None:
    lines = made(
        Deployed("asgi", module, "create_app()", str(Path("/srv/shop"))),
        mode,
        "gunicorn" if mode == "wsgi" else "uvicorn",
    )
    files = "\n".join(lines).split("<<'END'\n")[1:]
    for text in files:
        ast.parse(text.partition("\nEND")[0])
    assert f"original = importlib.import_module({module!r}).create_app" in lines


def test_the_exit_of_a_gunicorn_worker_shuts_down_the_lifespan() -> None:
    lines = made(ASGI, "wsgi", "gunicorn")
    assert "cat > shop_wsgi_gunicorn.py <<'END'" in lines
    assert "    app.close()" in lines
    assert "--config shop_wsgi_gunicorn.py" in lines[-1]


def test_a_cgi_program_imports_from_the_folder_of_the_app() -> None:
    app = Deployed("wsgi", "shop", "app", str(Path("/srv/shop")), python="/srv/venv/bin/python")
    lines = made(app, "cgi", "uvicorn")
    assert lines[1] == "#!/srv/venv/bin/python"
    assert "sys.path.insert(0, '/srv/shop')" in lines
    assert lines[-1] == "chmod +x shop.cgi"
