"""demos/replacing: each pair differs only as documented, and both programs send the same responses."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.demos.starting import ENVIRONMENT, commands, started
from tests.pythons import needs
from tests.real.cgi_servers import _NOT_ROOT
from tests.real.serving import ROOT, Running, serve

FOLDER = ROOT / "demos" / "replacing"
NAMES = sorted(file.name for file in (FOLDER / "before").iterdir() if file.is_file())
SHOP = ("a2wsgi_wsgi.py", "asgiref_wsgi.py", "starlette_wsgi.py", "uvicorn_wsgi.py", "wsgiref_cgi.py")

# One connection per request: on keep-alive connections, asgiref 3.13 fails many requests under uvicorn.
client = httpx.Client(trust_env=False, timeout=20, headers={"Connection": "close"})

Answers = dict[str, tuple[int, str | None, bytes]]


@contextmanager
def running(side: str, name: str, **environment: str) -> Iterator[Running]:
    """Run the file `before` or `after`, as its docstring says; wsgiref_cgi and http_server_cgi by the commands' last
    part.
    """
    demo = f"replacing/{side}/{name}"
    if name.endswith(".sh"):
        line = next(each for each in commands(demo) if f"/{side}/" in each).replace(" 8000", " {port}")
        # As root it would switch to the user nobody.
        as_nobody = _NOT_ROOT if side == "before" and os.geteuid() == 0 else ()
        with serve([*as_nobody, *line.split()], env={**ENVIRONMENT, **environment}) as server:
            yield server
        return
    line = next(each for each in commands(demo) if re.search(rf"\b{side}\b", each))
    with started(demo, line, **environment) as server:
        yield server


def asked(server: Running, requests: dict[str, Callable[[str], httpx.Response]]) -> Answers:
    answers = {name: ask(server.url) for name, ask in requests.items()}
    return {name: (each.status_code, each.headers.get("content-type"), each.content) for name, each in answers.items()}


def requests_to_the_shop(mount: str) -> dict[str, Callable[[str], httpx.Response]]:
    return {
        "a page": lambda url: client.get(f"{url}{mount}/hello?name=K%C3%A4the"),
        "its head": lambda url: client.head(f"{url}{mount}/hello"),
        "a stream": lambda url: client.get(f"{url}{mount}/report"),
        "an upload": lambda url: client.post(f"{url}{mount}/upload", content=b"x" * 200_000),
        "no page": lambda url: client.get(f"{url}{mount}/nowhere"),
    }


def same(name: str, requests: dict[str, Callable[[str], httpx.Response]], **environment: str) -> Answers:
    """Return the response of both programs."""
    with running("before", name, **environment) as before, running("after", name, **environment) as after:
        answers = asked(before, requests)
        assert asked(after, requests) == answers
    return answers


@pytest.mark.parametrize("name", NAMES)
def test_only_one_line_changes(name: str) -> None:
    before, after = (
        Counter(line for line in (FOLDER / side / name).read_text().splitlines() if line)
        for side in ("before", "after")
    )
    changed = 2 if name == "wsgiref_cgi.py" else 1  # its import and its last line
    assert (before - after).total() == (after - before).total() == changed


@pytest.mark.parametrize("name", SHOP)
def test_a_flask_app_responds_as_before(name: str) -> None:
    requests = requests_to_the_shop("/legacy" if name.startswith("starlette") else "")
    if name == "wsgiref_cgi.py":
        del requests["its head"], requests["no page"]  # each request is a process there: send fewer
    answers = same(name, requests)
    assert answers["a page"] == (200, "text/html; charset=utf-8", "hello, Käthe\n".encode())
    assert answers["an upload"] == (200, "application/json", b'{"bytes":200000}\n')
    assert answers["a stream"][2].endswith(b"row 3\n")
    if "no page" in requests:
        assert answers["no page"][0] == 404


def test_the_replacement_of_asgiref_keeps_connections_open() -> None:
    with running("after", "asgiref_wsgi.py") as server, httpx.Client(trust_env=False) as keeping:
        for _ in range(20):
            assert keeping.post(f"{server.url}/upload", content=b"x" * 200_000).json() == {"bytes": 200_000}
            assert keeping.get(f"{server.url}/threads").status_code == 200


def test_a_fastapi_app_responds_as_before_and_its_lifespan_runs() -> None:
    requests: dict[str, Callable[[str], httpx.Response]] = {
        "a wait": lambda url: client.get(f"{url}/wait?seconds=0.01"),
        "a stream": lambda url: client.get(f"{url}/rows"),
        "no number": lambda url: client.get(f"{url}/wait?seconds=x"),
    }
    assert {answer[0] for answer in same("a2wsgi_asgi.py", requests).values()} == {200, 422}
    with running("after", "a2wsgi_asgi.py") as server:
        worker = client.get(f"{server.url}/worker").json()
        assert worker["opened_in"] == server.process.pid


@needs("http.server --cgi")
def test_a_cgi_program_responds_as_before() -> None:
    requests: dict[str, Callable[[str], httpx.Response]] = {
        "a file": lambda url: client.get(f"{url}/"),
        "no file": lambda url: httpx.Response(client.get(f"{url}/nowhere").status_code),
        "a program": lambda url: client.get(f"{url}/cgi-bin/guestbook.py"),
    }
    answers = same("http_server_cgi.sh", requests, GUESTBOOK=str(FOLDER / "before" / "http_server_cgi.sh"))
    assert b"<p>#!/bin/sh</p>" in answers["a program"][2]
    assert answers["no file"][0] == 404
