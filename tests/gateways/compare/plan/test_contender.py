"""Who is compared, by name, and the command line of each."""

import json

import pytest

from gateways.cli.compare import choose
from gateways.compare.plan.contender import MODES, WAYS, contenders
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


def test_an_app_is_compared_on_the_servers_of_its_own_interface_and_by_adapter() -> None:
    assert labels("wsgi") == [
        "wsgi waitress·4",
        "wsgi gunicorn-sync·1",
        "wsgi gunicorn-gthread·4",
        "wsgi cheroot·10",
        "wsgi granian-wsgi·≤512",
        "wsgi-on-asgi uvicorn ours·32",
        "cgi uvicorn cold",
    ]
    assert labels("asgi", servers=["hypercorn"]) == ["asgi hypercorn", "cgi hypercorn cold"]
    assert labels("cgi") == ["cgi uvicorn cold", "cgi waitress cold"]


def test_what_is_asked_for_is_what_is_compared() -> None:
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


def test_who_asks_for_an_adapter_of_other_modes_is_not_given_cgi_unless_that_is_named() -> None:
    assert labels("wsgi", servers=["uvicorn"], adapters=["ours"]) == ["wsgi-on-asgi uvicorn ours·32"]
    named = labels("wsgi", modes=["wsgi-on-asgi", "cgi"], adapters=["ours"])
    assert named == ["wsgi-on-asgi uvicorn ours·32", "cgi uvicorn cold"]


def test_all_of_everything_has_ids_of_its_own() -> None:
    found = contenders(None, servers=["all"], adapters=["all"])
    assert len({each.id for each in found}) == len(found) > 40
    assert {each.mode for each in found} == set(MODES)
    assert {each.server.name for each in found} == set(SERVERS)
    assert all(name in SERVERS for ways in WAYS.values() for names in ways.values() for name in names)


def test_a_server_is_run_as_anyone_would() -> None:
    command, environment = contender("wsgi:waitress").command("python", "shop:app", "127.0.0.1", "8000")
    assert " ".join(command) == "python -m waitress --host=127.0.0.1 --port=8000 --connection-limit=2048 shop:app"
    assert environment == {}
    (threaded,) = contenders("wsgi", ["wsgi"], ["waitress"], threads=16)
    assert "--threads=16" in threaded.command("python", "shop:app", "h", "1")[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cgi:uvicorn:cold", {"mode": "cgi", "on": "asgi", "by": "cold", "app": "a:b"}),
        (
            "wsgi-on-asgi:uvicorn:ours",
            {"mode": "wsgi-on-asgi", "on": "asgi", "by": "ours", "app": "a:b", "threads": 32},
        ),
        ("asgi-on-wsgi:waitress:a2wsgi", {"mode": "asgi-on-wsgi", "on": "wsgi", "by": "a2wsgi", "app": "a:b"}),
    ],
)
def test_an_adapter_is_told_in_the_environment(name: str, expected: dict[str, object]) -> None:
    command, environment = contender(name).command("python", "a:b", "h", "1")
    assert command[-1] == "gateways.compare.adapted:app"
    assert json.loads(environment["GATEWAYS_ADAPTED"]) == expected


def test_what_a_servers_command_line_does_not_know_is_imported_for_it() -> None:
    command, environment = contender("asgi:uvicorn").command("python", "shop/app.py", "h", "1", plain=False)
    assert command[-1] == "gateways.compare.adapted:app"
    assert json.loads(environment["GATEWAYS_ADAPTED"])["app"] == "shop/app.py"


def test_the_command_takes_servers_by_name_and_by_package() -> None:
    def chosen(*servers: str) -> list[str]:
        return [each.id for each in choose("asgi", ["asgi"], servers, (), None)]

    assert chosen("uvicorn") == ["asgi:uvicorn"]
    assert chosen("granian", "hypercorn") == ["asgi:hypercorn", "asgi:granian-asgi"]
    assert len(chosen("all")) == 6


def test_the_usual_server_of_the_apps_own_interface_is_what_others_are_compared_with() -> None:
    assert choose(None, (), (), (), None)[0].id == "asgi:uvicorn"
    assert choose("wsgi", (), (), (), None)[0].id == "wsgi:waitress"
    assert choose("asgi", ["all"], ["all"], ["all"], None)[0].id == "asgi:uvicorn"
