"""The files of docs/deploy, written to a folder that represents the machine, and their servers.

Knows the pages, and which of their paths and ports a test must replace. It must not know the tests.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gateways.serving.listen import connect
from tests.docs.blocks import blocks
from tests.programs import require_program
from tests.real.running import PATIENCE

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "deploy"
APPS = Path(__file__).parent / "apps" / "deployed"
BIN = Path(sys.executable).parent


def recipes() -> dict[str, str]:
    """Return the files of the pages, by their path on a machine, without the first slash."""
    return {block.title: block.text for page in PAGES.glob("*.md") for block in blocks(page.read_text()) if block.title}


class Machine:
    """A folder with /srv/shop, the app, and the recipes; their paths are changed to this folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = folder / "srv" / "shop"
        (self.shop / ".venv" / "bin").mkdir(parents=True)
        (folder / "run").mkdir()
        for name in ("gunicorn", "uvicorn", "python"):
            (self.shop / ".venv" / "bin" / name).symlink_to(BIN / name)
        shutil.copyfile(APPS / "shop.py", self.shop / "shop.py")
        for name in ("srv/shop/shop_wsgi.py", "srv/shop/gunicorn.conf.py"):
            self.write(name)
        self.socket = folder / "run" / "shop.sock"
        self.stopped = folder / "stopped"
        self.stopped.mkdir()
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "SHOP_STOPPED": str(self.stopped),
        }

    def write(self, name: str, changes: Mapping[str, str] | None = None) -> Path:
        """Write a recipe, with the paths of this folder and further changes. Each change must match the text."""
        text = recipes()[name]
        for old, new in (changes or {}).items():
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new)
        for place in ("/srv/shop", "/run/"):
            text = text.replace(place, f"{self.folder}{place}")
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str | Path], is_ready: Callable[[], object], number: int = signal.SIGTERM
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a server in /srv/shop during the block, then stop it by a signal; an error includes its log."""
        log = self.folder / f"{Path(command[0]).name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(each) for each in command],
                cwd=self.shop,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(is_ready, process)
            yield process
            process.send_signal(number)
            process.wait(timeout=PATIENCE)
        except BaseException as error:
            error.add_note(f"{log.name}:\n{log.read_text(errors='replace')}")
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(is_true: Callable[[], object], process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until a condition is true; fail if the process has exited."""
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert process is None or process.poll() is None, "the server has ended"
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def listens(place: Path | int) -> Callable[[], bool]:
    """Return a function that returns True if a Unix socket, or a port of this machine, accepts a connection."""

    def ask() -> bool:
        try:
            connect(("127.0.0.1", place) if isinstance(place, int) else (str(place), 0)).close()
        except OSError:
            return False
        return True

    return ask


NGINX = """daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp-body;
    proxy_temp_path {folder}/tmp-proxy;
    fastcgi_temp_path {folder}/tmp-fastcgi;
    uwsgi_temp_path {folder}/tmp-uwsgi;
    scgi_temp_path {folder}/tmp-scgi;
    include {site};
}}
"""


def nginx(machine: Machine, site: Path) -> list[str]:
    """Return the command that serves a site, included as in the package's nginx.conf."""
    program = require_program("nginx")
    shutil.copyfile("/etc/nginx/uwsgi_params", machine.folder / "uwsgi_params")
    configuration = machine.folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(NGINX.format(folder=machine.folder, site=site, user=user))
    return [program, "-e", "stderr", "-p", str(machine.folder), "-c", str(configuration)]


APACHE = """ServerName localhost
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/httpd.pid"
ErrorLog /dev/stderr
Listen 127.0.0.1:{port}
{modules}
User {user}
Group {group}
{more}
Include "{site}"
"""


def apache(machine: Machine, site: Path, port: int, modules: Mapping[str, str], more: str = "") -> list[str]:
    """Return the command that serves a site; `modules` are the files of modules by name."""
    program = require_program("apache2")
    lines = [f"LoadModule {name}_module {file}" for name, file in modules.items()]
    as_root = os.geteuid() == 0
    configuration = machine.folder / "apache.conf"
    names = (
        {"user": "www-data", "group": "www-data"}
        if as_root
        else {"user": f"#{os.getuid()}", "group": f"#{os.getgid()}"}
    )
    text = APACHE.format(folder=machine.folder, port=port, modules="\n".join(lines), site=site, more=more, **names)
    configuration.write_text(text)
    return [program, "-D", "FOREGROUND", "-f", str(configuration)]


def python_paths() -> str:
    """Return the paths at which mod_wsgi finds this project and its packages."""
    return ":".join([str(ROOT), sysconfig.get_path("purelib"), *(each for each in sys.path if "site-packages" in each)])
