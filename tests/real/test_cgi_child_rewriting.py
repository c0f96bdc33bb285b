"""Programs that lighttpd or Apache hides from URLs by rewriting: the paths of the application, and its links."""

import http.client
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.real.cgi_servers import SERVERS, serving, write_program
from tests.real.serving import ROOT, Running

THEIRS = [name for name in SERVERS if name.startswith(("lighttpd", "apache"))]
WSGI = """
from gateways.adapters import WSGIToCGI
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    seen = (environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
    return ["\\n".join([*seen, environ.get("HTTP_AUTHORIZATION", "none")]).encode("latin-1")]
WSGIToCGI(app%s).run()
"""
ASGI = """
from gateways.adapters import ASGIToCGI
async def app(scope, receive, send):
    assert scope["type"] == "http"
    root = scope["root_path"]
    seen = (root, scope["path"].removeprefix(root), scope["query_string"].decode())
    authorization = dict(scope["headers"]).get(b"authorization", b"none").decode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": "\\n".join([*seen, authorization]).encode()})
ASGIToCGI(app%s).run()
"""


@pytest.fixture(scope="module", params=[f"{name}-{side}" for name in THEIRS for side in ("wsgi", "asgi")])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    name, _, side = request.param.rpartition("-")
    source = {"wsgi": WSGI, "asgi": ASGI}[side]
    folder, scratch = tmp_path_factory.mktemp("htdocs"), tmp_path_factory.mktemp("scratch")
    (folder / "fallback").mkdir()
    write_program(folder / "app.cgi", source % "")
    (folder / "front").mkdir()
    write_program(folder / "front" / "app.cgi", source % "")
    shutil.copy(ROOT / "demos" / "shared_hosting" / ".htaccess", folder / "front")
    write_program(folder / "fallback" / "root.cgi", source % ", script_name='/fallback'")
    with serving(name, folder, scratch) as server:
        yield server


@pytest.fixture
def apache(request: pytest.FixtureRequest) -> bool:
    """Return True if the server is Apache."""
    return str(request.node.callspec.params["served"]).startswith("apache")


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("/app.cgi/caf%C3%A9?q=1", ("/app.cgi", "/café", "q=1")),
        ("/app.cgi", ("/app.cgi", "", "")),
        ("/pretty/caf%C3%A9/x%20y", ("/pretty", "/café/x y", "")),
        ("/pretty/x?q=1", ("/pretty", "/x", "q=1")),
        ("/fallback/caf%C3%A9/x", ("/fallback", "/café/x", "")),
    ],
)
def test_the_app_sees_the_same_url_as_the_client(
    served: Running, apache: bool, url: str, seen: tuple[str, str, str]
) -> None:
    response = httpx.get(served.url + url)
    assert response.status_code == 200, served.log()
    assert tuple(response.text.split("\n")[:2]) == seen[:2]
    if not url.startswith("/pretty/x?") or apache:  # lighttpd's rule drops the query
        assert response.text.split("\n")[2] == seen[2]


@pytest.mark.parametrize(
    ("path", "info"),
    [
        ("100%25", "/100%"),
        ("c%23", "/c#"),
        ("q%3Fx", "/q?x"),
        ("a%20b%20", "/a b "),
        ("a%252Fb", "/a%2Fb"),
        ("%25%23%3F%20%25", "/%#? %"),
        ("caf%C3%A9%25", "/café%"),
        ("a%2Bb+c&d=e;f", "/a+b+c&d=e;f"),
        ("a/b/", "/a/b/"),
        ("a/../b", "/b"),
        ("./a", "/a"),
        ("/a", "/a"),
        ("a//b", "/a/b"),
    ],
)
def test_the_documented_rewriting_keeps_any_octet_of_a_path(
    served: Running, apache: bool, path: str, info: str
) -> None:
    """Of Apache: the .htaccess of docs/cgi.md and of the demo. httpx would normalise the path."""
    url = urlsplit(served.url)
    prefix = "/front" if apache else "/pretty"
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=20)
    connection.request("GET", f"{prefix}/{path}?q=%231")
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, served.log()
    script_name, path_info, query = text.split("\n")[:3]
    assert (script_name, path_info) == (prefix, info)
    if apache:  # lighttpd's rule drops the query
        assert query == "q=%231"


def test_a_rewriting_keeps_the_authorization(served: Running, apache: bool) -> None:
    headers = {"Authorization": "Bearer x"}
    if apache:
        assert httpx.get(served.url + "/app.cgi/x", headers=headers).text.split("\n")[3] == "none"
        assert httpx.get(served.url + "/login/x", headers=headers).text.split("\n")[3] == "Bearer x"
    else:
        assert httpx.get(served.url + "/pretty/x", headers=headers).text.split("\n")[3] == "Bearer x"
