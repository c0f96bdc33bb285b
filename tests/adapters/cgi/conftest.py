"""The folder of misbehaving programs, and hosts for it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.cgi_host import CGIHost
from adapters.cgi_to_asgi import CGIToASGI
from adapters.cgi_to_wsgi import CGIToWSGI
from tests.adapters.cgi.asking import Asker, InASGI, InWSGI

PROGRAMS = Path(__file__).parent / "programs"


def copy_programs(folder: Path) -> Path:
    """A copy of the programs, "#!python" in them being this interpreter, in the layout that the clauses know."""
    shutil.copytree(PROGRAMS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for program in folder.iterdir():
        text = program.read_text()
        program.write_text(text.replace("#!python ", f"#!{sys.executable} ", 1))
    (folder / "nested" / "deep").mkdir(parents=True)
    shutil.copy(folder / "report.py", folder / "nested" / "deep" / "report.py")
    shutil.copy(folder / "hello.sh", folder.parent / "outside.sh")
    os.symlink("../outside.sh", folder / "link_out.sh")
    os.symlink("hello.sh", folder / "link_in.sh")
    os.mkfifo(folder / "fifo.sh", 0o755)
    return folder


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder."""
    return copy_programs(tmp_path_factory.mktemp("cgi") / "cgi-bin")


Hosting = Callable[..., Asker]


@pytest.fixture(params=["asgi", "wsgi"])
def hosting(request: pytest.FixtureRequest, programs: Path) -> Iterator[Hosting]:
    """Make a host with options, for the folder or for `program`; it is closed afterwards."""
    hosts: list[CGIHost] = []

    def make(program: str | Path = programs, **options: Any) -> Asker:
        asker: InASGI | InWSGI
        asker = InASGI(CGIToASGI(program, **options)) if request.param == "asgi" else InWSGI(CGIToWSGI(program, **options))
        hosts.append(asker.host)
        return asker

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def ask(hosting: Hosting) -> Asker:
    """The folder, hosted without options."""
    return hosting()
