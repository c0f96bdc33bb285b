"""The recipes of docs/deploy are checked with the usual tools, and started where a test can do this."""

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from websockets.sync.client import connect

from gateways.serving.certificate import self_signed
from tests.programs import require_program, require_uwsgi
from tests.real.recipes import APPS, BIN, Machine, apache, listens, nginx, python_paths, recipes, until
from tests.real.running import PATIENCE
from tests.real.serving import free_ports

UNITS = "etc/systemd/system/"


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A folder that other users can enter, because Apache's user must; pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="machine-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Machine(Path(folder))


def on_socket(path: Path) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://shop", timeout=PATIENCE)


def command(machine: Machine, unit: str) -> list[str]:
    """Return the ExecStart of a unit."""
    (line,) = re.findall(r"^ExecStart=(.*)$", machine.write(f"{UNITS}{unit}").read_text(), re.MULTILINE)
    return shlex.split(line)


def test_the_units_pass_systemds_own_check(machine: Machine) -> None:
    program = require_program("systemd-analyze")
    units = [machine.write(name) for name in recipes() if name.startswith(UNITS)]
    assert len(units) == 3
    done = subprocess.run([program, "verify", *units], capture_output=True, text=True, timeout=PATIENCE, check=False)
    own = [line for line in done.stderr.splitlines() if "shop" in line]
    assert (done.returncode, own) == (0, []), done.stderr


@pytest.mark.parametrize("unit", ["shop.service", "shop-asgi.service"])
def test_a_service_takes_the_socket_from_systemd(unit: str, machine: Machine) -> None:
    activate = require_program("systemd-socket-activate")
    start = [activate, "--listen", str(machine.socket), *(f"--setenv={name}" for name in machine.environment)]
    with (
        machine.running([*start, *command(machine, unit)], machine.socket.exists),
        on_socket(machine.socket) as client,
    ):
        assert client.get("/").json()["path"] == "/"  # this connection starts the service
    until(lambda: list(machine.stopped.iterdir()))  # its end ran the app's shutdown


def test_a_reload_replaces_the_workers_and_refuses_no_connection(machine: Machine) -> None:
    activate = require_program("systemd-socket-activate")
    start = [activate, "--listen", str(machine.socket), *(f"--setenv={name}" for name in machine.environment)]
    with (
        machine.running([*start, *command(machine, "shop.service")], machine.socket.exists) as process,
        on_socket(machine.socket) as client,
    ):
        before = {client.get("/").json()["process"] for _ in range(20)}
        process.send_signal(signal.SIGHUP)
        until(lambda: client.get("/").json()["process"] not in before)
        until(lambda: before <= {int(each.name) for each in machine.stopped.iterdir()})


BACKENDS = {
    "uvicorn": ["--uds", "{socket}", "--forwarded-allow-ips", "*", "shop:app"],
    "gunicorn": ["--bind", "unix:{socket}", "--config", "gunicorn.conf.py", "shop_wsgi:app"],
}


@contextmanager
def behind_nginx(machine: Machine, backend: str) -> Iterator[tuple[int, int, str]]:
    """Run nginx in front of the app; yield the ports of HTTP and HTTPS, and the file of the certificate."""
    arguments = [each.format(socket=machine.socket) for each in BACKENDS[backend]]
    plain, secure = free_ports(2)
    with self_signed("127.0.0.1") as (certificate, key):
        changes = {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl": f"listen 127.0.0.1:{secure} ssl",
            "/etc/ssl/shop.pem": certificate,
            "/etc/ssl/shop.key": key,
        }
        site = machine.write("etc/nginx/conf.d/shop.conf", changes)
        with (
            machine.running([BIN / backend, *arguments], listens(machine.socket)),
            machine.running(nginx(machine, site), listens(secure)),
        ):
            yield plain, secure, certificate


@pytest.mark.parametrize("backend", BACKENDS)
def test_nginx_forwards_requests_and_events_and_websockets(backend: str, machine: Machine) -> None:
    with (
        behind_nginx(machine, backend) as (plain, secure, certificate),
        httpx.Client(verify=trusting(certificate), timeout=PATIENCE, http2=True) as client,
    ):
        url = f"https://127.0.0.1:{secure}"
        answer = client.post(f"{url}/path", content=b"x" * 5_000_000, headers={"X-Forwarded-For": "192.0.2.7"})
        assert answer.http_version == "HTTP/2"
        told = answer.json()
        assert (told["scheme"], told["path"]) == ("https", "/path")
        assert told["client"] == ("127.0.0.1" if backend == "uvicorn" else "")  # as the page says about gunicorn
        assert (told["host"], told["length"]) == ("127.0.0.1", 5_000_000)
        assert refused_by_length(secure, trusting(certificate), 21_000_000) == 413
        with client.stream("GET", f"{url}/events") as stream:
            assert next(stream.iter_text()) == "data: first\n\n"  # it does not wait for a full buffer
        with connect(f"wss://127.0.0.1:{secure}/ws", ssl=trusting(certificate), open_timeout=PATIENCE) as websocket:
            websocket.send("hello")
            assert websocket.recv(timeout=PATIENCE) == "you said: hello"
        answer = client.get(f"http://127.0.0.1:{plain}/path?a=b")
        assert (answer.status_code, answer.headers["location"]) == (301, "https://127.0.0.1/path?a=b")


def trusting(certificate: str) -> ssl.SSLContext:
    """Return a new context for each client, because clients set protocols in it."""
    return ssl.create_default_context(cafile=certificate)


def refused_by_length(port: int, context: ssl.SSLContext, length: int) -> int:
    """Return the status for a body of that length, without sending it."""
    client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=PATIENCE)
    with closing(client):
        client.putrequest("POST", "/")
        client.putheader("Content-Length", str(length))
        client.endheaders()
        return client.getresponse().status


def test_nginx_uses_the_uwsgi_protocol(machine: Machine) -> None:
    (port,) = free_ports(1)
    ini = machine.write("srv/shop/uwsgi.ini")
    site = machine.write("etc/nginx/conf.d/shop-uwsgi.conf", {"listen 8080;": f"listen 127.0.0.1:{port};"})
    url = f"http://127.0.0.1:{port}"
    with (
        httpx.Client(timeout=PATIENCE) as client,
        machine.running([require_uwsgi(), "--ini", ini], listens(machine.folder / "run" / "shop-uwsgi.sock")),
        machine.running(nginx(machine, site), listens(port)),
    ):
        told = client.post(f"{url}/path", content=b"x" * 100_000).json()
        assert (told["path"], told["client"], told["length"]) == ("/path", "127.0.0.1", 100_000)
        with client.stream("GET", f"{url}/events") as stream:
            assert next(stream.iter_text()) == "data: first\n\n"


MODULES = Path("/usr/lib/apache2/modules")


def test_apache_serves_with_mod_wsgi(machine: Machine) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    module = MODULES / f"mod_wsgi.so-{version}"
    if not module.exists():
        pytest.skip(f"Apache's mod_wsgi for Python {version} is not installed")
    (port,) = free_ports(1)
    machine.write("srv/shop/shop.wsgi")
    # The packages of this Python, whose home Debian's mod_wsgi cannot use.
    changes = {
        "*:80": f"127.0.0.1:{port}",
        "python-home=/srv/shop/.venv python-path=": f"python-path={python_paths()}:",
    }
    site = machine.write("etc/apache2/sites-available/shop.conf", changes)
    modules = {"mpm_worker": MODULES / "mod_mpm_worker.so", "authz_core": MODULES / "mod_authz_core.so", "wsgi": module}
    start = apache(
        machine,
        site,
        port,
        {name: str(file) for name, file in modules.items()},
        f"WSGISocketPrefix {machine.folder}/wsgi",
    )
    ask(start, machine, port)


def test_apache_serves_with_mod_cgid(machine: Machine) -> None:
    (port,) = free_ports(1)
    program = machine.write("srv/shop/cgi-bin/shop.cgi")
    lines = program.read_text().splitlines()
    # Another user cannot use a Python below /root, so another Python runs the program.
    lines[0] = f"#!{sys.executable}"
    program.write_text(
        "\n".join([lines[0], "import sys", f"sys.path.insert(0, {python_paths().split(':')[0]!r})", *lines[1:], ""])
    )
    program.chmod(0o755)
    site = machine.write("etc/apache2/sites-available/shop-cgi.conf", {"*:80": f"127.0.0.1:{port}"})
    names = ("mpm_event", "authz_core", "alias", "cgid")
    modules = {name: str(MODULES / f"mod_{name}.so") for name in names}
    start = apache(machine, site, port, modules, f'ScriptSock "{machine.folder}/cgid"')
    if os.geteuid() == 0:
        machine.folder.chmod(0o777)
        kept = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        start = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *kept, *start]
    ask(start, machine, port)


def ask(start: list[str], machine: Machine, port: int) -> None:
    """Start Apache and make a request of each kind in its recipe."""
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(timeout=PATIENCE) as client, machine.running(start, listens(port)):
        headers = {"Authorization": "Bearer x"}
        told = client.post(f"{url}/path", content=iter([b"x" * 1000] * 3), headers=headers).json()  # chunked
        assert (told["path"], told["length"], told["authorization"]) == ("/path", 3000, "Bearer x")


def test_the_command_line_for_uvicorn_is_valid_and_serves(machine: Machine) -> None:
    """A WSGI app, with the module of the page."""
    (line,) = re.findall(r"^\$ (uvicorn .*)$", (APPS.parents[3] / "docs/deploy/servers.md").read_text(), re.MULTILINE)
    (machine.shop / "cart.py").write_text("from shop_wsgi import app\n")
    machine.write("srv/shop/cart_asgi.py")
    words = shlex.split(line.replace("/run/", f"{machine.folder}/run/"))
    with on_socket(machine.socket) as client, machine.running([BIN / words[0], *words[1:]], listens(machine.socket)):
        told = client.get("/path", headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}).json()
        assert (told["path"], told["client"], told["scheme"]) == ("/path", "192.0.2.7", "https")


def test_the_dockerfile_passes_hadolint(machine: Machine) -> None:
    program = shutil.which("hadolint", path=str(BIN)) or require_program("hadolint")
    file = machine.folder / "Dockerfile"
    file.write_text(recipes()["srv/shop/Dockerfile"])
    done = subprocess.run(
        [program, "--format", "json", file], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert json.loads(done.stdout) == []
    assert done.returncode == 0


def test_the_compose_file_matches_the_dockerfile_and_the_configuration(machine: Machine) -> None:
    files = recipes()
    services: dict[str, Any] = yaml.safe_load(files["srv/shop/compose.yaml"])["services"]
    dockerfile, configuration = files["srv/shop/Dockerfile"], files["srv/shop/nginx.conf"]
    assert services["nginx"]["depends_on"] == {"shop": {"condition": "service_healthy"}}
    assert "HEALTHCHECK" in dockerfile
    (port,) = services["shop"]["expose"]
    assert f"EXPOSE {port}" in dockerfile
    assert f"0.0.0.0:{port}" in dockerfile
    assert f"proxy_pass http://shop:{port};" in configuration
    assert services["nginx"]["volumes"] == ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    site = machine.write("srv/shop/nginx.conf", {f"shop:{port}": f"127.0.0.1:{port}"})
    subprocess.run([*nginx(machine, site), "-t"], check=True, capture_output=True, timeout=PATIENCE)
