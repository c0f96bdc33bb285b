"""The folder from which a user's module is imported, and the error if this project's name is in the way."""

import sys
from pathlib import Path

import pytest

from gateways.failure import Failure
from gateways.serving.importing import load_module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the current folder. The tests' changes of sys.path and sys.modules are undone."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_the_current_folder_comes_first_also_if_an_editable_install_added_it_at_the_end(folder: Path) -> None:
    library = folder.parent / "library"
    library.mkdir()
    for place in (library, folder):
        (place / "in_two_places.py").write_text(f"PLACE = {place.name!r}")
    sys.path[:] = [str(library), *sys.path, str(folder)]
    assert load_module("in_two_places").PLACE == "here"


def test_a_reference_app_does_not_add_the_current_folder(folder: Path) -> None:
    load_module("gateways.wsgi.app")
    assert str(folder) not in sys.path


@pytest.mark.parametrize("line", ["import gateways.stripe", "from gateways import stripe"])
@pytest.mark.parametrize("own", ["gateways.py", "gateways/__init__.py"])
def test_a_users_own_module_gateways_is_named_in_the_error(line: str, own: str, folder: Path) -> None:
    (folder / own).parent.mkdir(exist_ok=True)
    (folder / own).touch()
    (folder / "own_gateways_shop.py").write_text(line)
    with pytest.raises(Failure, match=f"; rename '{own.partition('/')[0]}' in this folder: this project's package"):
        load_module("own_gateways_shop")


def test_another_failed_import_has_no_such_hint(folder: Path) -> None:
    (folder / "gateways.py").touch()
    (folder / "plain_shop.py").write_text("import not_installed_anywhere")
    with pytest.raises(Failure, match=r"No module named 'not_installed_anywhere' \(.*plain_shop.py:1\)$"):
        load_module("plain_shop")
