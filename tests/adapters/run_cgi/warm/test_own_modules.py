"""The program's own modules are imported in each run, unless the option `warm` names them."""

from pathlib import Path

from tests.adapters.run_cgi.asking import Asker
from tests.adapters.run_cgi.warm.warming import warm_asker, warmed, write

COUNTS = "with open({!r}, 'a') as file: file.write('.')\n"


def test_each_run_imports_the_programs_own_modules(ask_one: Asker, tmp_path: Path) -> None:
    imports = tmp_path / "imports.txt"
    (tmp_path / "mine.py").write_text(COUNTS.format(str(imports)))
    program = write(tmp_path, "a.py", "import colorsys, mine\nprint('X-A: b\\n\\nbody')\n")
    warmed(ask_one, program)
    before = imports.read_text()
    for _ in range(3):
        assert ask_one("/a.py").body == b"body\n"
    assert imports.read_text() == before + "..."


def test_a_named_module_is_imported_once_with_its_submodules(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("import shop.prices\ncount = 0\n")
    (tmp_path / "shop" / "prices.py").write_text("price = 5\n")
    source = "import sys\nbefore = 'shop.prices' in sys.modules\nimport shop\nshop.count += 1\n"
    write(tmp_path, "a.py", source + "print(f'X-A: b\\n\\n{before} {shop.count} {shop.prices.price}')\n")
    asker = warm_asker("wsgi", tmp_path, warm=["shop"])
    try:
        assert [asker("/a.py").body for _ in range(3)] == [b"True 1 5\n"] * 3
        (tmp_path / "shop" / "prices.py").write_text("price = 6000\n")
        assert asker("/a.py").body == b"False 1 6000\n"
        assert [asker("/a.py").body for _ in range(3)] == [b"True 1 6000\n"] * 3
    finally:
        asker.host.close()


def test_a_named_module_that_runs_cannot_share_is_imported_in_each_run(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import tempfile, os\nT = tempfile.TemporaryDirectory()\nok = os.path.isdir(T.name)\n"
    )
    write(
        tmp_path,
        "a.py",
        "import os, sys\nbefore = 'shop' in sys.modules\nimport shop\n"
        "print(f'X-A: b\\n\\n{before} {os.path.isdir(shop.T.name)}')\n",
    )
    asker = warm_asker("wsgi", tmp_path, warm=["shop"])
    try:
        assert [asker("/a.py").body for _ in range(3)] == [b"False True\n"] * 3
    finally:
        asker.host.close()


def test_each_run_starts_from_the_same_state(ask_one: Asker, tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text("count = 0\n")
    source = "import colorsys, counter\ncounter.count += 1\nprint(f'X-A: b\\n\\n{counter.count}')\n"
    warmed(ask_one, write(tmp_path, "a.py", source))
    assert {ask_one("/a.py").body for _ in range(3)} == {b"1\n"}


def test_a_change_of_the_program_is_detected(ask: Asker, tmp_path: Path) -> None:
    program = write(tmp_path, "a.py", "import json\nprint('X-A: b\\n\\nold')\n")
    warmed(ask, program)
    assert ask("/a.py").body == b"old\n"
    write(tmp_path, "a.py", "print('X-A: b\\n\\nnew')\n")
    assert ask("/a.py").body == b"new\n"


def test_a_change_of_a_module_is_detected(ask: Asker, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("word = 'old'\n")
    program = write(tmp_path, "a.py", "import colorsys, mine\nprint(f'X-A: b\\n\\n{mine.word}')\n")
    warmed(ask, program)
    assert ask("/a.py").body == b"old\n"
    (tmp_path / "mine.py").write_text("word = 'newer'\n")
    for _ in range(3):
        assert ask("/a.py").body == b"newer\n"


def test_a_program_moved_to_another_folder_runs_in_the_new_one(ask_one: Asker, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    source = "import colorsys\nprint('X-A: b\\n\\n' + open('data.txt').read())\n"
    program = write(folder, "a.py", source)
    (folder / "data.txt").write_text("old")
    while ask_one("/site/a.py").body != b"old\n":
        pass
    old = tmp_path / "old"
    folder.rename(old)
    folder.mkdir()
    (folder / "data.txt").write_text("new")
    (old / "a.py").rename(program)
    assert [ask_one("/site/a.py").body for _ in range(3)] == [b"new\n"] * 3
