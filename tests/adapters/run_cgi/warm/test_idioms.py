"""A warm program behaves like a cold one: the same octets, except for random values, which differ each time."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.run_cgi.asking import Asker
from tests.adapters.run_cgi.warm.idioms.apps import APPS
from tests.adapters.run_cgi.warm.idioms.idiom import Idiom
from tests.adapters.run_cgi.warm.idioms.imports import IMPORTS
from tests.adapters.run_cgi.warm.idioms.language import LANGUAGE
from tests.adapters.run_cgi.warm.idioms.processes import PROCESSES
from tests.adapters.run_cgi.warm.idioms.randomness import RANDOM
from tests.adapters.run_cgi.warm.idioms.streams import STREAMS
from tests.adapters.run_cgi.warm.warming import cold_one, install, site_packages, warm_asker, write
from tests.real.serving import ROOT, eventually

pytestmark = pytest.mark.slow

IDIOMS = {**STREAMS, **IMPORTS, **RANDOM, **PROCESSES, **LANGUAGE, **APPS}


class Site:
    """One program in a folder, on a cold host and on a warm host."""

    def __init__(self, folder: Path, idiom: Idiom, caplog: pytest.LogCaptureFixture) -> None:
        self.folder, self.idiom, self._caplog = folder, idiom, caplog
        line = (idiom.line or "#!{python}").replace("{python}", sys.executable)
        self.program = write(folder, "a.py", idiom.source, line)
        for name, text in idiom.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        for name, text in idiom.libraries.items():
            install(folder, name, text)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        importable = f"{site_packages(folder)}{os.pathsep}{ROOT}"
        env = {"PYTHONPATH": importable, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **idiom.env}
        self.warm = warm_asker("wsgi", folder, env=env)
        self.cold = cold_one(self.warm, folder, env=env)

    def outcome(self, asker: Asker, number: int) -> tuple[Any, frozenset[str]]:
        """Return the response to request `number`, and its random values."""
        idiom = self.idiom
        if idiom.change is not None:
            idiom.change(self.folder, number)
        request = idiom.request(number)
        self._caplog.clear()
        response = asker(f"/a.py{request.pop('target')}", **request)
        said = [each.getMessage() for each in self._caplog.records if each.levelno >= logging.WARNING]
        messages = [text for text in said if str(self.folder) in text]
        body = response.body.decode("latin-1")
        tokens: frozenset[str] = frozenset()
        if idiom.random:
            tokens = frozenset(token for match in re.finditer(idiom.random, body) for token in match.groups())
            body = re.sub(idiom.random, "", body)
        headers = [(name, self._same(value)) for name, value in response.headers if name != "Content-Length"]
        seen = (response.status, headers, self._same(body), response.complete, [self._same(text) for text in messages])
        return seen, tokens

    def _same(self, text: str) -> str:
        return re.sub(self.idiom.varies, "", text) if self.idiom.varies else text

    def must_be_meant(self, outcome: tuple[Any, ...]) -> None:
        """Fail if the cold program failed in a way that its row does not name: two equal failures prove nothing."""
        status, _, body, _, messages = outcome
        assert status == self.idiom.status, (body, messages)
        faults = [text for text in messages if re.search("Traceback|exit status", text)]
        if self.idiom.fault:
            assert any(self.idiom.fault in text for text in messages), messages
        else:
            assert not faults, messages

    def settle(self) -> None:
        """Send requests until the program runs as required."""
        states = {"warm": "a.py runs warm", "cold": "a.py runs cold"}
        if self.idiom.runs == "warm" and not self.idiom.shares:
            return
        seen: list[str] = []

        def settled() -> bool:
            self.outcome(self.warm, 0)
            seen.extend(each.getMessage() for each in self._caplog.records)
            return any(states[self.idiom.runs] in message for message in seen)

        eventually(settled, f"it runs {self.idiom.runs}: {seen}", 60)


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Site]:
    caplog.set_level(logging.INFO, "gateways.cgi")
    site = Site(tmp_path, IDIOMS[request.param], caplog)
    if request.param == "tracker":
        _install_tracker(tmp_path)
    yield site
    site.warm.host.close()
    site.cold.host.close()  # type: ignore[attr-defined]


def _install_tracker(folder: Path) -> None:
    """A roundup tracker, created with roundup's own command."""
    settings = "tracker_web=http://127.0.0.1:8000/a.py/,mail_domain=localhost,mail_host=localhost"
    admin = [sys.executable, "-m", "roundup.scripts.roundup_admin", "-i", "tracker"]
    subprocess.run([*admin, "install", "minimal", "anydbm", settings], cwd=folder, check=True, capture_output=True)
    subprocess.run([*admin, "initialise", "secret"], cwd=folder, check=True, capture_output=True)


IN_MATRIX = {
    *LANGUAGE,
    *PROCESSES,
}  # `make test` leaves these two tables to CI, because each row starts several programs


@pytest.mark.parametrize(
    "site",
    [pytest.param(name, marks=[pytest.mark.matrix] if name in IN_MATRIX else []) for name in IDIOMS],
    indirect=True,
)
def test_a_program_behaves_the_same_warm_and_cold(site: Site) -> None:
    numbers = range(site.idiom.requests)
    cold = [site.outcome(site.cold, number) for number in numbers]
    site.must_be_meant(cold[0][0])
    site.settle()
    warm = [site.outcome(site.warm, number) for number in numbers]
    for number in numbers:
        assert warm[number][0] == cold[number][0]
    if site.idiom.random:
        tokens = [token for _, tokens in (*cold, *warm) for token in tokens]
        assert len(set(tokens)) == len(tokens) >= 2, tokens
