"""The environment of a page: a folder equivalent to a clone, and the network with its listening ports.

Knows files, make's stamps and Linux's tables of sockets. It must not know the contents of a page.
"""

import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
GIVEN = Path(__file__).parent / "given"
ANSWERS = 10.0  # seconds for a response
STAMPS = (".demo", ".test", ".dev")
"""Mark the packages of make (Makefile) as installed now."""


@contextmanager
def clone() -> Iterator[Path]:
    """Create a folder equivalent to a clone of this project, with its virtual environment, and the apps that pages
    use.
    """
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "gateways"
        (folder / ".home").mkdir(parents=True)
        (folder / ".home" / ".curlrc").write_text("silent\nshow-error\n")  # as curl is on a terminal
        (folder / ".venv").mkdir()
        for name in ("Makefile", "pyproject.toml"):
            shutil.copyfile(
                ROOT / name, folder / name
            )  # older than the time stamps, even if the files are edited during the test
        for name in (".ci", *(each.name for each in ROOT.iterdir() if each.name[0] != ".")):
            if not (folder / name).exists():
                (folder / name).symlink_to(ROOT / name)
        for entry in Path(sys.prefix).iterdir():
            if entry.name not in STAMPS:
                (folder / ".venv" / entry.name).symlink_to(entry)
        for stamp in STAMPS:
            (folder / ".venv" / stamp).touch()
        shutil.copytree(GIVEN, folder, dirs_exist_ok=True)
        yield folder


def listening() -> list[int]:
    """Return the ports with a listener in this network namespace, except those chosen by the system."""
    files = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for file in files if file.exists() for line in file.read_text().splitlines()[1:]]
    ports = [int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"]
    return [port for port in ports if 1024 <= port < 32768]


def answers(port: int) -> bool:
    """Return True if an HTTP server listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWERS) as client:
            client.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return client.recv(5) == b"HTTP/"
    except OSError:
        return False
