"""The command line that runs a module of this project in a new Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateways.serving.separate import module_command


def test_a_module_runs_without_the_current_folder_on_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the json of the user was imported')")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        module_command("json.tool", "--help"), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_in_the_folder_of_this_project_its_modules_are_found_without_an_installation() -> None:
    root = Path(__file__).parents[3]
    program = "from gateways.serving.separate import module_command; print(module_command('gateways.serving.probe'))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=root, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == f"{[sys.executable, '-m', 'gateways.serving.probe']}\n", done.stderr
