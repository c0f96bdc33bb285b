"""The WSGI servers for ASGI apps in tests, and a client for the apps of tests/real/apps/asgi_all.py.

Knows the names, options and configuration of servers. It must not know the requests.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.programs import require_program, require_uwsgi
from tests.real.client import KEPT
from tests.real.serving import ROOT, Running, eventually, serve

ALL = "tests.real.apps.asgi_all:app"
BARE = "tests.real.apps.asgi_bare:wsgi"

_WSGIREF = """import importlib, socketserver, sys
from wsgiref.simple_server import WSGIServer, make_server
class Threading(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
host, port, target = sys.argv[1:]
module, attribute = target.split(":")
app = getattr(importlib.import_module(module), attribute)
make_server(host, int(port), app, Threading).serve_forever()
"""
# One process with threads, as in embedding hosts; no log file, no change of user.
_APACHE = """ServerRoot {folder}
ServerName localhost
Listen ${{ADDRESS}}
PidFile {folder}/pid
ErrorLog /dev/stderr
LoadModule mpm_worker_module {modules}/mod_mpm_worker.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {module}
User {user}
Group {group}
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
WSGISocketPrefix {folder}/wsgi
WSGIChunkedRequest On
WSGIApplicationGroup %{{GLOBAL}}
WSGIDaemonProcess site threads=16 python-path={paths}
WSGIProcessGroup site
WSGIScriptAlias / {folder}/site.wsgi
<Directory {folder}>
    Require all granted
</Directory>
"""
_SYNC = ("gunicorn", "--worker-class", "sync", "--threads", "1", "--workers", "2", "--graceful-timeout", "3")
_GTHREAD = ("gunicorn", "--worker-class", "gthread", "--threads", "16", "--graceful-timeout", "3")
WSGI_SERVERS: Mapping[str, tuple[str, ...]] = {
    "waitress": ("waitress", "--threads=16"),
    "gunicorn-sync": _SYNC,
    "gunicorn-sync-preload": (*_SYNC, "--preload"),
    "gunicorn-gthread": _GTHREAD,
    "gunicorn-gthread-preload": (*_GTHREAD, "--preload"),
    "gunicorn-gevent": ("gunicorn", "--worker-class", "gevent", "--graceful-timeout", "3"),
    "cheroot": ("cheroot", "--threads", "16"),
    "granian": (
        *("granian-wsgi", "--blocking-threads", "16", "--backpressure", "16"),
        *("--workers-kill-timeout", "2"),
    ),
    "wsgiref": (),
    "uwsgi": (),
    "mod_wsgi": (),
}
"""The arguments of serve(): the name of the server, and options; servers without options have a command here."""


def _uwsgi(app: str) -> list[str]:
    return [
        *(
            require_uwsgi(),
            "--http-socket",
            "{host}:{port}",
            "--wsgi",
            app,
            "--master",
            "--processes",
            "1",
            "--threads",
            "16",
        ),
        *("--die-on-term", "--need-app", "--py-call-uwsgi-fork-hooks", "--disable-logging", "--buffer-size", "32768"),
        *("--add-header", "Connection: close"),  # it closes each connection, but does not announce it
    ]


def _mod_wsgi(app: str, folder: Path) -> list[str]:
    apache = require_program("apache2")
    modules = Path("/usr/lib/apache2/modules")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    built = modules / f"mod_wsgi.so-{version}"  # this mod_wsgi.so is for Debian's default Python
    if not built.exists():
        pytest.skip(f"Apache's mod_wsgi for Python {version} is not installed")
    paths = ":".join([str(ROOT), sysconfig.get_path("purelib")])
    module, _, attribute = app.partition(":")
    user = "www-data" if os.getuid() == 0 else f"#{os.getuid()}"
    group = "www-data" if os.getuid() == 0 else f"#{os.getgid()}"
    (folder / "site.wsgi").write_text(
        "import os\n"
        + "".join(f"os.environ[{name!r}] = {os.environ[name]!r}\n" for name in ("RECORDS", "DOWNLOAD"))
        + f"from {module} import {attribute} as application\n"
    )
    configuration = folder / "apache.conf"
    names = {"folder": folder, "modules": modules, "module": built, "paths": paths, "user": user, "group": group}
    configuration.write_text(_APACHE.format(**names))
    return ["env", "ADDRESS={host}:{port}", apache, "-f", str(configuration), "-DFOREGROUND"]


class Site:
    """A server with all ASGI apps, the lines that the apps have recorded, and a time limit for each request."""

    def __init__(self, name: str, server: Running, client: httpx.Client, records: Path) -> None:
        self.name, self.server, self._client, self._records = name, server, client, records

    def ask(self, framework: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Make a request with httpx's arguments to one framework's app; return the complete response."""
        headers = {"Host": f"{framework}.test", **more.pop("headers", {})}
        self._client.cookies.clear()
        return self._client.request(method, self.server.url + path, headers=headers, **more)

    def get(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "GET", path, **more)

    def post(self, framework: str, path: str, **more: Any) -> httpx.Response:
        return self.ask(framework, "POST", path, **more)

    @contextlib.contextmanager
    def asking(self, framework: str, path: str) -> Iterator[socket.socket]:
        """Open a connection and send a GET. The connection is closed at the end of the block."""
        with socket.create_connection((self.server.host, self.server.port), timeout=30) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {framework}.test\r\n\r\n".encode())
            yield connection

    @contextlib.contextmanager
    def streaming(self, framework: str, path: str) -> Iterator[socket.socket]:
        """Open a connection, send a GET, and read the start of its response. The connection ends with the block."""
        with self.asking(framework, path) as connection:
            head = connection.recv(1000)
            assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")), head
            yield connection

    def noted(self, what: str) -> int:
        """Return how often the apps have written this line, in all processes."""
        return sum(line.partition(" ")[2] == what for line in self._records.read_text().splitlines())

    @contextlib.contextmanager
    def permitted(self) -> Iterator[None]:
        """Let the apps' background work end (asgi_records.PERMITTED) during the block."""
        file = self._records.with_name(f"{self._records.name}.permitted")
        file.touch()
        try:
            yield
        finally:
            file.unlink()

    def expect(self, what: str, count: int = 1, within: float = 20.0) -> None:
        """Wait until the apps have written the line `count` times."""
        eventually(lambda: self.noted(what) >= count, f"{what!r} noted {count} times", within)

    def processes(self, what: str) -> set[int]:
        """Return the processes that have written this line."""
        lines = [line.partition(" ") for line in self._records.read_text().splitlines()]
        return {int(pid) for pid, _, text in lines if text == what}

    def wait_until_idle(self) -> None:
        """Wait until the server has closed all connections, because uWSGI runs no exit hooks in a busy worker."""

        def is_idle() -> bool:
            tree = [process := psutil.Process(self.server.process.pid), *process.children(recursive=True)]
            return not any(
                one.raddr for each in tree for one in each.net_connections("tcp") if one.status != psutil.CONN_LISTEN
            )

        self._client.close()
        eventually(is_idle, "the server closes the connections of its clients")

    def report(self) -> dict[str, Any]:
        """Return the report of a server process about itself."""
        report: dict[str, Any] = self.get("asgi", "/report").json()
        return report


@contextlib.contextmanager
def site(name: str, *options: str, app: str = ALL, download: bytes = b"") -> Iterator[Site]:
    """Run one of WSGI_SERVERS with ALL apps or with another target, and with further `options`. `download` is the
    content of the apps' file.
    """
    with (
        tempfile.TemporaryDirectory(prefix="wsgi-server-") as directory,
        pytest.MonkeyPatch.context() as patch,
        httpx.Client(timeout=20, trust_env=False, limits=KEPT) as client,
    ):
        folder = Path(directory)
        folder.chmod(0o755)  # Apache's children are not root
        records, file = folder / "records", folder / "download.bin"
        records.touch()
        records.chmod(0o666)
        file.write_bytes(download)
        patch.setenv("RECORDS", str(records))
        patch.setenv("DOWNLOAD", str(file))
        with _serving(app, name, options, folder) as running:
            yield Site(name, running, client, records)


def _serving(app: str, name: str, options: Sequence[str], folder: Path) -> contextlib.AbstractContextManager[Running]:
    if name == "wsgiref":
        return serve([sys.executable, "-c", _WSGIREF, "{host}", "{port}", app])
    if name == "uwsgi":
        return serve([*_uwsgi(app), *options])
    if name == "mod_wsgi":
        return serve([*_mod_wsgi(app, folder), *options])
    server, *others = WSGI_SERVERS[name]
    return serve(app, server, *others, *options)
