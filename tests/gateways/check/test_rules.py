"""The rules: the moves for which an observation matters."""

import inspect
from typing import Any

import pytest

from gateways.adapters import WSGIToASGI
from gateways.check.finding import Place, Seen
from gateways.check.move import ADAPTER_THREADS, SERVERS, Move, destination
from gateways.check.rules import RULES, judged
from gateways.check.rules.websockets import WEBSOCKETS
from gateways.serving.mode import Mode

PLACE = Place("shop.py", 7, "the line")


def found(kind: str, interface: Mode, to: Mode, server: str = "", threads: int | None = None, **values: Any) -> str:
    to, traits = destination(interface, to, server or None)
    findings = judged([Seen(kind, "seen", PLACE, "GET /", values=values)], Move(interface, to, traits, threads))
    return findings[0].advice.title if findings else ""


@pytest.mark.parametrize(
    ("kind", "move", "values", "title"),
    [
        ("signal-handler", ("asgi", "wsgi", "gunicorn"), {"name": "SIGUSR1"}, "handler for SIGUSR1 after its import"),
        ("signal-handler", ("wsgi", "asgi", "uvicorn"), {"name": "SIGUSR1"}, "handler for SIGUSR1 after its import"),
        ("signal-handler", ("asgi", "asgi", "hypercorn"), {"name": "SIGUSR1"}, ""),
        ("lifespan", ("asgi", "asgi", "daphne"), {"name": "start", "milliseconds": 1}, "start never runs"),
        ("lifespan", ("asgi", "cgi", ""), {"name": "start", "milliseconds": 1}, "start runs for every request"),
        ("lifespan", ("asgi", "asgi", "uvicorn"), {"name": "start", "milliseconds": 1}, ""),
        ("background", ("asgi", "cgi", ""), {"name": "mail", "how": "task"}, "mail still runs"),
        ("background", ("asgi", "wsgi", "gunicorn"), {"name": "mail", "how": "awaited"}, "mail still runs"),
        ("background", ("asgi", "asgi", "uvicorn"), {"name": "mail", "how": "task"}, ""),
        ("thread-at-import", ("wsgi", "cgi", ""), {"name": "timer"}, "importing the app starts the thread 'timer'"),
        ("thread-at-import", ("wsgi", "asgi", ""), {"name": "timer"}, ""),
        ("blocked-loop", ("wsgi", "asgi", ""), {"milliseconds": 120.0}, "blocks the event loop for 120 ms"),
        ("blocked-loop", ("wsgi", "wsgi", ""), {"milliseconds": 120.0}, ""),
        ("environment", ("wsgi", "cgi", ""), {"name": "API_KEY"}, "the secret API_KEY"),
        ("environment", ("wsgi", "cgi", ""), {"name": "SHOP_NAME"}, "the variable SHOP_NAME is missing"),
        ("environment", ("wsgi", "asgi", ""), {"name": "API_KEY"}, ""),
        ("conn-max-age", ("wsgi", "asgi", ""), {"database": "default", "age": 60}, "CONN_MAX_AGE"),
        ("conn-max-age", ("wsgi", "wsgi", ""), {"database": "default", "age": 60}, ""),
        ("upload", ("wsgi", "wsgi", "waitress"), {"size": 2_000_000_000}, "refuses request bodies above 1,073,741,824"),
        ("upload", ("wsgi", "wsgi", "waitress"), {"size": 2_000_000}, ""),
        ("upload", ("wsgi", "wsgi", "waitress"), {}, ""),
        ("upload", ("wsgi", "asgi", "nginx"), {}, "nginx refuses request bodies above 1,048,576"),
        ("upload", ("wsgi", "asgi", "uvicorn"), {"size": 2_000_000_000}, ""),
        ("stream", ("asgi", "asgi", "nginx"), {"accel": False, "endless": False}, "arrives late"),
        ("stream", ("asgi", "asgi", "nginx"), {"accel": True, "endless": False}, ""),
        ("stream", ("asgi", "asgi", "uvicorn"), {"accel": False, "endless": True}, ""),
        ("stream", ("asgi", "wsgi", ""), {"accel": False, "endless": True}, "holds a thread"),
        ("stream", ("wsgi", "cgi", "lighttpd"), {"accel": False, "endless": False}, "arrives late"),
        ("websocket-extension", ("wsgi", "wsgi", "gunicorn"), {"name": "flask-sock"}, ""),
        ("websocket-extension", ("wsgi", "wsgi", "waitress"), {"name": "flask-sock"}, "flask-sock takes"),
        (
            "websocket-extension",
            ("wsgi", "asgi", "uvicorn"),
            {"name": "flask-sock"},
            "each WebSocket of flask-sock occupies a thread",
        ),
        ("websocket-route", ("asgi", "wsgi", "granian"), {"path": "/ws"}, "/ws gets a 501 response"),
        ("websocket-route", ("asgi", "wsgi", "waitress"), {"path": "/ws"}, ""),
        ("extension", ("asgi", "wsgi", ""), {"name": "http.response.push"}, "uses the ASGI extension"),
        ("extension", ("asgi", "asgi", ""), {"name": "http.response.push"}, ""),
    ],
)
def test_an_observation_is_reported_only_if_it_makes_a_difference(
    kind: str, move: tuple[Mode, Mode, str], values: dict[str, Any], title: str
) -> None:
    said = found(kind, *move, **values)
    assert title in said
    assert bool(title) == bool(said)


def test_a_connection_for_one_thread_is_reported_if_another_thread_runs_the_app() -> None:
    values: dict[str, Any] = {
        "name": "db",
        "type": "sqlite3.Connection",
        "why": "bound",
        "remedy": "one each",
        "bound": True,
    }
    assert found("unsafe-global", "wsgi", "asgi", **values)
    assert found("unsafe-global", "asgi", "wsgi", **values)
    assert not found("unsafe-global", "wsgi", "wsgi", threads=1, **values)
    assert not found("unsafe-global", "wsgi", "cgi", **values)
    assert not found("unsafe-global", "asgi", "asgi", **values)


def test_a_finding_is_reported_once_for_each_line() -> None:
    seen = Seen("relative-path", "open('a')", PLACE, "GET /", values={"path": "a"})
    other = Seen("relative-path", "open('a')", Place("shop.py", 9), "GET /", values={"path": "a"})
    move = Move("wsgi", "asgi", SERVERS["uvicorn"])
    assert [finding.seen for finding in judged([seen, seen, other], move)] == [seen, other]


def test_an_observation_can_be_sent_between_processes() -> None:
    seen = Seen("blocked-loop", "held", PLACE, "GET /", ("a", "b"), {"milliseconds": 3.5})
    assert Seen.from_dict(seen.to_dict()) == seen


def test_every_rule_returns_a_reason_and_a_remedy_for_its_kind() -> None:
    values: dict[str, object] = {
        **dict.fromkeys(("name", "type", "why", "remedy", "clause", "path", "database"), "x"),
        **dict.fromkeys(("bound", "accel"), False),
        **dict.fromkeys(("milliseconds", "age"), 1),
    }
    values |= {"held": ["a"], "when": "request", "how": "task", "endless": True, "size": 1 << 40}
    moves = [Move(app, to, traits) for app in ("wsgi", "asgi") for traits in SERVERS.values() for to in traits.speaks]
    for kind, rule in RULES.items():
        given = [advice for move in moves if (advice := rule(Seen(kind, "m", PLACE, "GET /", values=values), move))]
        assert given, kind
        assert all(advice.title and advice.why and advice.remedy for advice in given)


@pytest.mark.parametrize(
    ("to", "server", "said"),
    [
        (None, "nosuch", "unknown server 'nosuch'; choose one of waitress, "),
        ("wsgi", "daphne", "daphne does not speak WSGI; choose one of waitress, gunicorn, "),
    ],
)
def test_an_impossible_destination_is_refused_and_possible_ones_are_named(
    to: Mode | None, server: str, said: str
) -> None:
    with pytest.raises(ValueError, match="choose") as refused:
        destination("wsgi", to, server)
    assert str(refused.value).startswith(said)


def test_the_adapter_defaults_are_those_of_the_adapters() -> None:
    parameters = inspect.signature(WSGIToASGI).parameters
    assert parameters["threads"].default == ADAPTER_THREADS
    assert parameters["websockets"].default == WEBSOCKETS


@pytest.mark.parametrize(("threads", "text"), [(None, "gunicorn has 8 threads"), (1, "gunicorn has 1 thread ")])
def test_the_number_of_threads_of_a_stream_is_an_assumption(threads: int | None, text: str) -> None:
    move = Move("asgi", "wsgi", SERVERS["gunicorn"], threads)
    (finding,) = judged([Seen("stream", "seen", PLACE, "GET /", values={"accel": False, "endless": True})], move)
    assert f"the check assumes that {text}" in finding.advice.why
