"""A site of files and CGI programs, as ASGI and as WSGI: local redirects, dot segments, places of programs."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateways.cgi.site import site
from tests.adapters.run_cgi.asking import InASGI, InWSGI, Request, Response

PRINTS = f"""#!{sys.executable}
import os, sys, urllib.parse
sys.stdout.write(urllib.parse.unquote(os.environ["QUERY_STRING"]))
"""
SAYS = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
echo "$REQUEST_METHOD $SCRIPT_NAME $PATH_INFO?$QUERY_STRING $(pwd)"
"""

Ask = Callable[..., Response]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("outside")
    www = tmp_path / "www"
    for name in ("cgi-bin", "htbin", "docs", "shop/scripts"):
        (www / name).mkdir(parents=True)
    for name in ("index.html", "thanks.html", "docs/page.html", "notes.txt"):
        (www / name).write_text(name)
    for name in ("cgi-bin/prints.py", "htbin/prints.py"):
        program(www / name, PRINTS)
    for name in ("cgi-bin/says.sh", "htbin/says.sh", "shop/scripts/says.sh", "says.sh"):
        program(www / name, SAYS)
    return www


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


Serve = Callable[..., Ask]


@pytest.fixture(params=["asgi", "wsgi"])
def serve(request: pytest.FixtureRequest) -> Any:
    made: list[Any] = []

    def make(folder: Path, **options: Any) -> Ask:
        app: Any = site(folder, "CGIToWSGI" if request.param == "wsgi" else "CGIToASGI", **options)
        made.append(app)
        return InASGI(app) if request.param == "asgi" else InWSGI(app)

    yield make
    for app in made:
        app.close()


@pytest.fixture
def ask(serve: Serve, folder: Path) -> Ask:
    return serve(folder)


def redirect(
    ask: Ask, location: str, method: str = "GET", base: str = "/cgi-bin/prints.py", **details: Any
) -> Response:
    return ask(f"{base}?{quote(f'Location: {location}', safe='')}%0A%0A", method, **details)


@pytest.mark.parametrize(
    ("location", "body"),
    [
        ("/thanks.html", b"thanks.html"),
        ("/", b"index.html"),
        ("/thanks.html?a=b&c", b"thanks.html"),
        ("/docs/page.html", b"docs/page.html"),
        ("/docs/../thanks.html", b"thanks.html"),
        ("/cgi-bin/../thanks.html", b"thanks.html"),
        ("/th%61nks.html", b"thanks.html"),
    ],
)
def test_6_2_2_a_local_redirect_to_a_file_is_followed_by_the_site(ask: Ask, location: str, body: bytes) -> None:
    response = redirect(ask, location)
    assert (response.status, response.body, response.complete) == (200, body, True)
    assert response["Location"] is None


def test_6_2_2_a_redirect_to_a_folder_returns_its_listing(ask: Ask) -> None:
    response = redirect(ask, "/docs/")
    assert response.status == 200
    assert b"page.html" in response.body


def test_6_2_2_a_redirect_to_a_folder_without_its_slash_gives_the_client_the_whole_path(ask: Ask) -> None:
    response = redirect(ask, "/docs?q")
    assert (response.status, response["Location"]) == (301, "/docs/?q")


def test_6_2_2_a_redirect_to_programs_of_another_folder_is_followed(ask: Ask) -> None:
    assert redirect(ask, "/htbin/says.sh/more?x=1").body.startswith(b"GET /htbin/says.sh /more?x=1 ")


def test_6_2_2_a_chain_of_redirects_over_both_folders_ends_at_a_file(ask: Ask) -> None:
    assert redirect(ask, "/htbin/prints.py?Location:%20/thanks.html%0A%0A").body == b"thanks.html"


def test_a_redirect_loop_over_both_folders_ends_in_502(folder: Path, serve: Serve) -> None:
    program(folder / "cgi-bin" / "ping.sh", "#!/bin/sh\nprintf 'Location: /htbin/pong.sh\\n\\n'\n")
    program(folder / "htbin" / "pong.sh", "#!/bin/sh\nprintf 'Location: /cgi-bin/ping.sh\\n\\n'\n")
    assert serve(folder)("/cgi-bin/ping.sh").status == 502


@pytest.mark.parametrize("location", ["/thanks.html", "/htbin/says.sh"])
def test_6_2_2_a_redirected_post_becomes_a_get_without_a_body(ask: Ask, location: str) -> None:
    for details in ({"body": b"x" * 100_000}, {"chunks": [b"one", b"two"]}):
        response = redirect(ask, location, "POST", **details)
        assert response.status == 200
        assert response.body == b"thanks.html" or response.body.startswith(b"GET ")


@pytest.mark.parametrize("location", ["/thanks.html", "/docs/", "/htbin/says.sh"])
def test_6_2_2_a_redirected_head_stays_a_head(ask: Ask, location: str) -> None:
    response = redirect(ask, location, "HEAD")
    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize(
    ("location", "status"),
    [("/missing.html", 404), ("/cgi-bin/missing", 404), ("/../outside.txt", 404), ("/cgi-bin/", 404), ("/%00", 400)],
)
def test_6_2_2_a_redirect_to_a_refused_path_is_refused_as_usual(ask: Ask, location: str, status: int) -> None:
    response = redirect(ask, location)
    assert response.status == status
    assert b"outside" not in response.body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cgi-bin/../thanks.html", b"thanks.html"),
        ("/docs/../thanks.html", b"thanks.html"),
        ("/docs/%2e%2e/cgi-bin/says.sh/a", b"GET /cgi-bin/says.sh /a?"),
        ("/docs/./page.html", b"docs/page.html"),
        ("/cgi-bin/..", b"index.html"),
    ],
)
def test_dot_segments_are_resolved_before_a_path_is_looked_up(ask: Ask, path: str, body: bytes) -> None:
    response = ask(path)
    assert (response.status, response.body[: len(body)]) == (200, body)


@pytest.mark.parametrize(
    "path", ["/../outside.txt", "/docs/../../outside.txt", "/cgi-bin/%2e%2e/..%2foutside.txt", "/.."]
)
def test_dot_segments_never_lead_above_the_folder(ask: Ask, path: str) -> None:
    assert ask(path).status == 404


def test_cgi_dirs_names_the_folders_of_programs(folder: Path, serve: Serve) -> None:
    ask = serve(folder, cgi_dirs=["/shop/scripts/"])
    assert ask("/shop/scripts/says.sh/x?y").body.startswith(b"GET /shop/scripts/says.sh /x?y ")
    assert ask("/shop//scripts/says.sh").body.startswith(b"GET /shop/scripts/says.sh ?")
    assert redirect(ask, "/thanks.html", base="/shop/scripts/says.sh").status == 200
    for path in ("/cgi-bin/says.sh", "/says.sh", "/shop/SCRIPTS/says.sh"):
        assert ask(path).status in (403, 404)
    assert ask("/shop/scripts/missing.sh").status == 404


def test_no_source_of_a_program_is_sent_from_any_folder(folder: Path, serve: Serve) -> None:
    (folder / "shop" / "scripts" / "data.txt").write_text("not for clients")
    (folder / "shop" / "link").symlink_to("scripts")
    ask = serve(folder, cgi_dirs=["/shop/scripts"])
    assert ask("/shop/scripts/data.txt").status == 403
    assert ask("/shop/link/data.txt").status == 403


def test_the_whole_folder_may_contain_programs(folder: Path, serve: Serve) -> None:
    ask = serve(folder, cgi_dirs=["/"])
    assert ask("/says.sh/x").body.startswith(b"GET /says.sh /x?")
    assert ask("/shop/scripts/says.sh").body.startswith(b"GET /shop/scripts/says.sh ?")
    assert ask("/notes.txt").body == b"notes.txt"
    assert ask("/").body == b"index.html"
    assert ask("/missing").status == 404


def test_a_folder_of_programs_outside_the_site_is_an_error(folder: Path) -> None:
    with pytest.raises(ValueError, match="give a path below the site"):
        site(folder, cgi_dirs=["/../bin"])


def test_the_working_folder_can_be_changed(folder: Path, serve: Serve) -> None:
    assert serve(folder)("/cgi-bin/says.sh").body.split()[-1] == os.fsencode(folder / "cgi-bin")
    assert serve(folder, chdir=folder)("/cgi-bin/says.sh").body.split()[-1] == os.fsencode(folder)
    with pytest.raises(NotADirectoryError):
        serve(folder, chdir=folder / "missing")("/cgi-bin/says.sh")


def test_links_may_lead_out_of_the_site_only_if_enabled(folder: Path, serve: Serve) -> None:
    (folder / "out.txt").symlink_to("../outside.txt")
    program(folder.parent / "elsewhere.sh", SAYS)
    (folder / "cgi-bin" / "link.sh").symlink_to("../../elsewhere.sh")
    assert [serve(folder)(path).status for path in ("/out.txt", "/cgi-bin/link.sh")] == [404, 403]
    assert [serve(folder, follow_symlinks=True)(path).status for path in ("/out.txt", "/cgi-bin/link.sh")] == [200, 200]


def test_a_disconnect_from_a_redirected_request_terminates_its_program(folder: Path) -> None:
    app = site(folder)
    program(folder / "htbin" / "stays.sh", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\nx'; exec sleep 60\n")
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            left.set()

    scope = InASGI._scope(Request("/cgi-bin/prints.py?Location:%20/htbin/stays.sh%0A%0A"))
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 10))  # type: ignore[call-arg, arg-type]
    app.close()
