"""The chosen contenders, and their command lines."""

import pytest

from gateways.cli.compare import choose
from gateways.compare.plan.contender import ADAPTERS, MODES, WAYS, contenders
from gateways.compare.plan.module import SOURCES
from gateways.compare.plan.servers import SERVERS
from tests.gateways.compare.making import contender


def labels(*arguments: object, **more: object) -> list[str]:
    return [each.label for each in contenders(*arguments, **more)]  # type: ignore[arg-type]


def test_the_reference_app_is_compared_in_five_ways() -> None:
    assert labels(None) == [
        "cgi uvicorn cold",
        "wsgi waitress·4",
        "asgi uvicorn",
        "wsgi-on-asgi uvicorn ours·32",
        "asgi-on-wsgi waitress ours·4",
    ]


def test_an_app_is_compared_on_servers_of_its_interface_and_with_adapters() -> None:
    assert labels("wsgi") == [
        "wsgi waitress·4",
        "wsgi gunicorn-sync·1",
        "wsgi gunicorn-gthread·4",
        "wsgi cheroot·10",
        "wsgi granian-wsgi·≤512",
        "wsgi-on-asgi uvicorn ours·32",
    ]
    assert labels("asgi", servers=["hypercorn"]) == ["asgi hypercorn"]
    assert labels("cgi") == ["cgi uvicorn cold", "cgi waitress cold"]


def test_explicit_choices_are_used_as_given() -> None:
    assert labels(None, modes=["wsgi-on-asgi"], adapters=["a2wsgi", "asgiref"], threads=64) == [
        "wsgi-on-asgi uvicorn a2wsgi·64",
        "wsgi-on-asgi uvicorn asgiref·1",
    ]
    assert labels(None, modes=["wsgi"], servers=["gunicorn-gthread", "uvicorn"], threads=16) == [
        "wsgi gunicorn-gthread·16"
    ]
    assert labels(None, modes=["asgi-on-wsgi"], adapters=["asgiref"]) == []
    assert labels(None, modes=["cgi"], adapters=["cold", "warm"]) == ["cgi uvicorn cold", "cgi uvicorn warm"]
    assert labels("wsgi", modes=["asgi"]) == []


def test_a_users_app_is_a_cgi_program_only_on_request() -> None:
    assert labels("wsgi", servers=["gunicorn-gthread"]) == ["wsgi gunicorn-gthread·4"]
    assert labels("asgi", ["cgi"]) == ["cgi uvicorn cold"]
    assert "cgi uvicorn cold" in labels("asgi", adapters=["cold"])
    assert "cgi uvicorn warm" in labels("wsgi", adapters=["all"])


def test_a_choice_of_adapters_does_not_exclude_cgi_if_that_mode_is_named() -> None:
    assert labels("wsgi", servers=["uvicorn"], adapters=["ours"]) == ["wsgi-on-asgi uvicorn ours·32"]
    named = labels("wsgi", modes=["wsgi-on-asgi", "cgi"], adapters=["ours"])
    assert named == ["wsgi-on-asgi uvicorn ours·32", "cgi uvicorn cold"]


def test_all_contenders_have_unique_ids() -> None:
    found = contenders(None, servers=["all"], adapters=["all"])
    assert len({each.id for each in found}) == len(found) > 40
    assert {each.mode for each in found} == set(MODES)
    assert {each.server.name for each in found} == set(SERVERS)
    assert all(name in SERVERS for ways in WAYS.values() for names in ways.values() for name in names)


def test_a_server_runs_with_a_command_line_that_users_would_type() -> None:
    launch = contender("wsgi:waitress").launch("shop:app")
    command = launch.command("python", "127.0.0.1", "8000")
    assert " ".join(command) == "python -m waitress --host=127.0.0.1 --port=8000 --connection-limit=2048 shop:app"
    assert launch.files == {}
    (threaded,) = contenders("wsgi", ["wsgi"], ["waitress"], threads=16)
    assert "--threads=16" in threaded.launch("shop:app").command("python", "h", "1")


def test_servers_that_support_worker_processes_get_several_and_others_keep_one() -> None:
    found = {each.server.name: each for each in contenders(None, ["wsgi", "asgi"], ["all"], workers=4)}
    assert {name for name, each in found.items() if each.workers == 1} == {"waitress", "cheroot", "daphne"}
    for name, each in found.items():
        command = " ".join(each.launch("a:b").command("python", "h", "1"))
        assert ("--workers 4" in command) == (each.workers == 4), name
    assert (found["uvicorn"].id, found["uvicorn"].label) == ("asgi:uvicorn*4", "asgi uvicorn × 4")
    assert "--workers" not in contender("asgi:uvicorn").launch("a:b").command("python", "h", "1")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("wsgi-on-asgi:uvicorn:ours", "app = WSGIToASGI(load_object('a:b'), threads=32)"),
        ("wsgi-on-asgi:uvicorn:a2wsgi", "app = WSGIMiddleware(load_object('a:b'), workers=10)"),
        ("wsgi-on-asgi:uvicorn:asgiref", "app = WsgiToAsgi(load_object('a:b'))"),
        ("asgi-on-wsgi:waitress:ours", "app = ASGIToWSGI(load_object('a:b'))"),
        ("asgi-on-wsgi:waitress:a2wsgi", "app = ASGIMiddleware(load_object('a:b'))"),
        ("cgi:uvicorn:cold", """app = CGIToASGI('a:b', env={"PATH": PATH}, inherit=os.environ, warm=False)"""),
        ("cgi:waitress:warm", """app = CGIToWSGI('a:b', env={"PATH": PATH}, inherit=os.environ, warm=True)"""),
    ],
)
def test_a_module_with_an_adapter_is_self_contained(name: str, made: str) -> None:
    launch = contender(name).launch("a:b")
    ((file, text),) = launch.files.items()
    assert launch.command("python", "h", "1")[-1] == f"{file.removesuffix('.py')}:app"
    assert text.splitlines()[-1] == made
    compile(text, file, "exec")


def test_every_adapter_of_every_mode_has_a_module() -> None:
    assert {(mode, on, each.name) for (mode, on), found in ADAPTERS.items() for each in found} | {
        ("wsgi", "wsgi", ""),
        ("asgi", "asgi", ""),
    } == set(SOURCES)


def test_an_app_that_a_servers_command_line_cannot_name_is_imported_by_a_generated_module() -> None:
    launch = contender("asgi:uvicorn").launch("shop/app.py", plain=False)
    assert launch.command("python", "h", "1")[-1] == "gateways_asgi_on_asgi:app"
    assert launch.files["gateways_asgi_on_asgi.py"].splitlines()[-1] == "app = load_object('shop/app.py')"


@pytest.mark.parametrize("name", ["cgi:gunicorn-gthread:cold", "cgi:gunicorn-sync:cold", "cgi:cheroot:cold"])
def test_a_server_with_threads_runs_cgi_programs_with_its_default_number_of_threads(name: str) -> None:
    assert "None" not in contender(name).launch("app.cgi").command("python", "h", "1")


def test_the_option_accepts_the_names_of_servers_and_of_packages() -> None:
    def chosen(*servers: str) -> list[str]:
        return [each.id for each in choose("asgi", ["asgi"], servers, (), None)]

    assert chosen("uvicorn") == ["asgi:uvicorn"]
    assert chosen("granian", "hypercorn") == ["asgi:hypercorn", "asgi:granian-asgi"]
    assert len(chosen("all")) == 6


def test_the_default_server_of_the_apps_interface_is_the_reference() -> None:
    assert choose(None, (), (), (), None)[0].id == "asgi:uvicorn"
    assert choose("wsgi", (), (), (), None)[0].id == "wsgi:waitress"
    assert choose("asgi", ["all"], ["all"], ["all"], None)[0].id == "asgi:uvicorn"
