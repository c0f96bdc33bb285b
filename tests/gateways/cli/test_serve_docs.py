"""README.md and docs/serve.md agree with `gateways serve`."""

import re
import shlex
from pathlib import Path

import pytest

from gateways.cli.plan import Plan, heading
from gateways.cli.serve import serve
from gateways.serving.importing import NAMES
from gateways.serving.probe import Known
from gateways.serving.server import side
from gateways.serving.settings import USUAL

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
DOCS = (ROOT / "docs" / "serve.md").read_text()
COMMANDS = re.findall(r"^\$ gateways serve (.*)$", README + DOCS, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_docs_are_valid(command: str) -> None:
    assert serve.make_context("serve", shlex.split(command, comments=True)).params["target"]


def test_each_option_is_documented() -> None:
    has = {name for option in serve.params for name in option.opts if name.startswith("--")}
    documented = set(re.findall(r"`(--[a-z-]+)", DOCS.partition("## Options")[2].partition("\n## ")[0]))
    assert documented == has - {"--debug"}


def test_the_names_of_apps_are_documented_in_their_order() -> None:
    (line,) = re.findall(r"the first of these names that the module defines: (.*) \|$", DOCS, re.MULTILINE)
    assert re.findall(r"`(\w+)`", line) == [*NAMES]


@pytest.mark.parametrize("option", ["threads", "workers"])
def test_the_servers_that_support_an_option_are_documented(option: str) -> None:
    (line,) = re.findall(rf"^\| `--{option} N` \|(.*)\|$", DOCS, re.MULTILINE)
    modes = ("wsgi",) if option == "threads" else ("wsgi", "asgi", "cgi")
    having = {server.name for mode in modes for server in side(mode).SERVERS.values() if option in server.options}  # type: ignore[arg-type]
    assert {name for mode in ("wsgi", "asgi") for name in side(mode).SERVERS if name in line} == having


def test_the_output_in_the_docs_is_the_real_output() -> None:
    known = Known("shop", "wsgi", "app(environ, start_response)")
    said = heading(Plan(known, "asgi", "uvicorn", USUAL, reload=False, quiet=False), ("127.0.0.1", 8000))
    shown = DOCS.partition("```console\n")[2].partition("```")[0].splitlines()[1:4]
    assert [re.sub(r"(?<=uvicorn )[\d.]+", "", line) for line in shown] == [
        re.sub(r"(?<=uvicorn )[\d.]+", "", line) for line in said
    ]


def test_the_documented_fixture_equals_the_docstrings_and_works(tmp_path: Path) -> None:
    import urllib.request

    import gateways.cgi.serving

    (code,) = re.findall(r"^```python\n(.*?)^```$", DOCS, re.DOTALL | re.MULTILINE)
    *_, body = code.partition("@pytest.fixture\n")
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    assert gateways.cgi.serving.__doc__ is not None
    assert indented in gateways.cgi.serving.__doc__
    (tmp_path / "index.html").write_text("served")
    names: dict[str, object] = {}
    exec(code.replace("@pytest.fixture\n", "").replace("tests/www", str(tmp_path)), names)
    fixture = names["site"]()  # type: ignore[operator]
    with urllib.request.urlopen(f"{next(fixture)}/", timeout=20) as answer:
        assert answer.read() == b"served"
    assert next(fixture, None) is None
