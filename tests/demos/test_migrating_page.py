"""docs/migrating.md and docs/websocket.md show every demo: its complete file, and the exact lines that change."""

import re
from collections import Counter

import pytest

from tests.demos.asking import client
from tests.demos.starting import ENVIRONMENT
from tests.demos.test_replacing import FOLDER, NAMES
from tests.docs.blocks import blocks
from tests.real.serving import ROOT, serve

PAGE = (ROOT / "docs" / "migrating.md").read_text()
WEBSOCKETS = (ROOT / "docs" / "websocket.md").read_text()
SHOWN = [block for page in (PAGE, WEBSOCKETS) for block in blocks(page) if (block.source or "").startswith("demos/")]
NOT_SHOWN = {"ruff.toml", "old_site/index.html", *(f"replacing/before/{name}" for name in NAMES)}


def test_each_demo_is_shown_once_under_its_own_name() -> None:
    files = {str(file.relative_to(ROOT / "demos")) for file in (ROOT / "demos").rglob("*") if file.is_file()}
    demos = {file for file in files if "__pycache__" not in file} - NOT_SHOWN
    assert sorted(block.source or "" for block in SHOWN) == sorted(f"demos/{name}" for name in demos)
    assert all(block.source == f"demos/{block.title}" for block in SHOWN)


@pytest.mark.parametrize("name", NAMES)
def test_the_shown_changes_are_those_of_the_files(name: str) -> None:
    before, after = (Counter((FOLDER / side / name).read_text().splitlines()) for side in ("before", "after"))
    (row,) = re.findall(
        rf"^\| \[.+\]\(#.+\).* \| {cell(before - after)} \| {cell(after - before)} \|$", PAGE, re.MULTILINE
    )
    assert row


def cell(lines: Counter[str]) -> str:
    return "<br>".join(re.escape(f"`{line}`") for line in lines if line)


@pytest.mark.parametrize(
    ("server", "app", "options", "variable", "cut_off", "left"),
    [
        ("uvicorn", "app", ["--root-path=/shop"], {}, 200, 404),
        ("gunicorn", "shop", [], {"SCRIPT_NAME": "/shop"}, 500, 200),
        ("waitress", "shop", ["--url-prefix=/shop"], {}, 200, 200),
        ("hypercorn", "app", ["--root-path=/shop"], {}, 200, 200),
    ],
)
def test_a_proxys_prefix_is_handled_as_the_page_describes(
    server: str, app: str, options: list[str], variable: dict[str, str], cut_off: int, left: int
) -> None:
    with serve(f"demos.flask_on_uvicorn:{app}", server, *options, env={**ENVIRONMENT, **variable}) as running:
        answers = [client.get(f"{running.url}{path}").status_code for path in ("/hello", "/shop/hello")]
    assert answers == [cut_off, left]
