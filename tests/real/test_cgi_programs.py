"""CGI programs from Debian packages under the CGI hosts: cgit (C), gitweb and awstats (Perl), php-cgi, hgweb
(Python).
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.adapters.run_cgi.asking import Asker, OnServer
from tests.adapters.run_cgi.leftovers import assert_gone
from tests.programs import require_program
from tests.real.serving import serve
from tests.real.test_cgi_git import git

SERVERS = {"uvicorn": "tests.real.apps.cgi_program:asgi", "waitress": "tests.real.apps.cgi_program:wsgi"}
Hosting = Callable[..., Asker]


@pytest.fixture(params=SERVERS)
def hosting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosting]:
    """Serve one program, with its own variables."""
    with ExitStack() as stack:

        def host(program: Path, **variables: str) -> Asker:
            variables["CGI_TEST"] = str(tmp_path)
            environment = {**os.environ, "CGI_PROGRAM": str(program), "CGI_VARIABLES": json.dumps(variables)}
            server = stack.enter_context(serve(SERVERS[request.param], request.param, env=environment))
            stack.callback(assert_gone, str(tmp_path), server.process.pid, variable="CGI_TEST")
            return OnServer(server.host, server.port)

        yield host


def require_file(path: str) -> Path:
    """Return the path of a program that a package installs outside PATH."""
    return Path(require_program(path))


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    require_program("git")
    work = tmp_path / "work"
    git(tmp_path, "init", "-q", "-b", "main", str(work))
    for name in ("README", "caf\u00e9 au lait"):
        (work / name).write_text(f"This is {name}.\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first commit")
    git(tmp_path, "clone", "-q", "--bare", str(work), "repositories/a.git")
    return tmp_path / "repositories"


def test_cgit_works(hosting: Hosting, repositories: Path, tmp_path: Path) -> None:
    config = tmp_path / "cgitrc"
    config.write_text(f"virtual-root=/\nenable-http-clone=1\nsnapshots=tar.gz\nscan-path={repositories}\n")
    ask = hosting(require_file("/usr/lib/cgit/cgit.cgi"), CGIT_CONFIG=str(config))
    assert b"a.git" in ask("/").body
    assert b"first commit" in ask("/a.git/log/").body
    assert b"This is caf" in ask("/a.git/tree/caf%C3%A9%20au%20lait").body
    assert ask("/a.git/plain/README").body == b"This is README.\n"
    assert ask("/a.git/snapshot/a-main.tar.gz").body[:2] == b"\x1f\x8b"
    assert ask("/none.git/").status == 404
    head = ask("/a.git/", "HEAD")
    assert (head.status, head.body) == (200, b"")
    git(tmp_path, "clone", f"http://{ask.address[0]}:{ask.address[1]}/a.git", "clone")  # type: ignore[attr-defined]


def test_gitweb_works(hosting: Hosting, repositories: Path, tmp_path: Path) -> None:
    config = tmp_path / "gitweb.conf"
    config.write_text(f"our $projectroot = '{repositories}';\n$feature{{'pathinfo'}}{{'default'}} = [1];\n")
    ask = hosting(require_file("/usr/share/gitweb/gitweb.cgi"), GITWEB_CONFIG=str(config))
    assert b"a.git" in ask("/").body
    assert b"first commit" in ask("/a.git/shortlog").body
    raw = ask("/a.git/blob_plain/main:/caf%C3%A9%20au%20lait")
    assert (raw.status, raw.body) == (200, "This is caf\u00e9 au lait.\n".encode())
    assert ask("/?p=none.git").status == 404
    link = re.search(rb'href="([^"]*a\.git/commit/[^"]*)"', ask("/a.git/shortlog").body)
    assert link, "gitweb makes its links from SCRIPT_NAME and PATH_INFO"
    path = re.sub(rb"^https?://[^/]*", b"", link[1]).decode()
    assert b"first commit" in ask(path).body


PHP = """#!{interpreter}
<?php
if ($_SERVER['PATH_INFO'] == '/upload') {{
    header('Content-Type: text/plain');
    echo $_POST['name'], ' ', $_FILES['file']['name'], ' ', md5_file($_FILES['file']['tmp_name']);
}} elseif ($_SERVER['PATH_INFO'] == '/moved') {{
    header('Location: /elsewhere', true, 303);
    setcookie('a', '1');
    setcookie('b', '2');
}} elseif ($_SERVER['PATH_INFO'] == '/fails') {{
    ini_set('display_errors', '0');
    throw new Exception('on purpose');
}} elseif ($_SERVER['PATH_INFO'] == '/streams') {{
    header('Content-Type: text/plain');
    while (ob_get_level()) ob_end_flush();
    echo "first\\n"; flush();
    while (!file_exists($_SERVER['QUERY_STRING'])) {{ clearstatcache(); usleep(20000); }}
    echo "second\\n";
}} else {{
    header('Content-Type: application/json');
    echo json_encode([$_SERVER['SCRIPT_NAME'], $_SERVER['PHP_SELF'], $_GET, $_COOKIE, $_SERVER['REQUEST_METHOD']]);
}}
"""


def test_php_works(hosting: Hosting, tmp_path: Path) -> None:
    program = tmp_path / "a.php"
    program.write_text(PHP.format(interpreter=require_program("php-cgi")))
    program.chmod(0o755)
    ask = hosting(program)
    seen = json.loads(ask("/x/y?a=1&b[]=2", headers=[("Cookie", "c=3")]).body)
    assert seen == ["", "/x/y", {"a": "1", "b": ["2"]}, {"c": "3"}, "GET"]
    form = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nme\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + b"z" * 100_000 + b"\r\n--x--\r\n"
    )
    kind = [("Content-Type", "multipart/form-data; boundary=x")]
    for body in ({"body": form}, {"chunks": [form[:5000], form[5000:]]}):
        uploaded = ask("/upload", "POST", headers=kind, **body).body
        assert re.fullmatch(rb"me f [0-9a-f]{32}", uploaded)
    moved = ask("/moved")
    assert (moved.status, moved["Location"], len(moved.all("Set-Cookie"))) == (303, "/elsewhere", 2)
    failed = ask("/fails")
    assert (failed.status, failed.complete) == (500, True)
    ready = tmp_path / "ready"
    assert ask(f"/streams?{ready}", at_first=ready.touch).body == b"first\nsecond\n"


@pytest.mark.timeout(150)
def test_hgweb_works(hosting: Hosting, tmp_path: Path) -> None:
    mercurial = require_program("hg")

    def hg(folder: Path, *arguments: str) -> None:
        environment = {**os.environ, "HOME": str(tmp_path), "HGUSER": "a"}
        subprocess.run([mercurial, *arguments], cwd=folder, env=environment, check=True, timeout=90)

    work, clone = tmp_path / "repo", tmp_path / "clone"
    hg(tmp_path, "init", str(work))
    (work / "file").write_text("text\n")
    hg(work, "commit", "-q", "-A", "-m", "first")
    config = tmp_path / "hgweb.config"
    config.write_text(f"[paths]\n/ = {tmp_path}/*\n[web]\npush_ssl = false\nallow_push = *\n")
    example = require_file("/usr/share/doc/mercurial-common/examples/hgweb.cgi")
    program = tmp_path / "hgweb.cgi"
    source = example.read_text().replace("/usr/bin/env python3", "/usr/bin/python3")
    program.write_text(source.replace("/path/to/repo/or/config", str(config)))
    program.chmod(0o755)
    ask = hosting(program)
    assert b"repo" in ask("/").body
    assert b"first" in ask("/repo/log").body
    assert ask("/repo/raw-file/tip/file").body == b"text\n"
    hg(tmp_path, "clone", "-q", f"http://{ask.address[0]}:{ask.address[1]}/repo", str(clone))  # type: ignore[attr-defined]
    (clone / "file").write_bytes(os.urandom(300_000))
    hg(clone, "commit", "-m", "second")
    hg(clone, "push", "-q")
    assert b"second" in ask("/repo/log").body


def test_awstats_works(hosting: Hosting, tmp_path: Path) -> None:
    program = require_file("/usr/lib/cgi-bin/awstats.pl")
    log = tmp_path / "access.log"
    log.write_text('10.0.0.1 - - [20/Nov/2026:12:00:00 +0000] "GET /page HTTP/1.1" 200 99 "-" "Mozilla/5.0"\n')
    (tmp_path / "awstats.test.conf").write_text(
        f'LogFile="{log}"\nLogFormat=1\nSiteDomain="example.com"\nDirData="{tmp_path}"\nDNSLookup=0\n'
        'AllowToUpdateStatsFromBrowser=1\nDirIcons="/icon"\n'
    )
    ask = hosting(program, AWSTATS_ENABLE_CONFIG_DIR=str(tmp_path))
    page = ask(f"/?config=test&configdir={tmp_path}&update=1&framename=mainright")
    assert (page.status, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Statistics for example.com" in page.body
    error = ask("/?config=none")
    assert b"Error: " in error.body
    assert error.complete, "it ends with exit status 1, and its page is whole"
