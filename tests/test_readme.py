"""What README.md says, held against what there is."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateways.asgi.app import app as asgi_app
from gateways.serving.server import MODES, side
from gateways.wsgi.app import app as wsgi_app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONVERSION, SCRIPT = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_its_make_targets_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", README + (ROOT / "CONTRIBUTING.md").read_text()))
    assert named >= {"demo", "test", "check"}
    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("mode", MODES)
def test_it_lists_the_servers(mode: str) -> None:
    assert f"| `{mode}` | {', '.join(side(mode).SERVERS)} |" in README  # type: ignore[arg-type]


def test_its_conversions_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgi-bin").mkdir()
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"asgi_app": asgi_app, "wsgi_app": wsgi_app}
    exec(CONVERSION, names)
    assert callable(names["asgi_app"])
    assert callable(names["wsgi_app"])


def test_its_cgi_script_runs(tmp_path: Path) -> None:
    script = tmp_path / "app.cgi"
    script.write_text(SCRIPT)
    (tmp_path / "myapp.py").write_text("from gateways.asgi.app import app\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/app.cgi",
        "PATH_INFO": "/hello",
        "QUERY_STRING": "name=you",
    }
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, timeout=30, check=True, stdin=subprocess.DEVNULL
    )
    head, _, body = done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
    assert b"Status: 200" in head
    assert body == b"Hello, you!\n"
