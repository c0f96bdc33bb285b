"""Idioms of imports: what modules read, keep and create during their import."""

from pathlib import Path

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom
from tests.adapters.run_cgi.warm.idioms.streams import post

SEMAPHORE = r"/mp-\w+"  # the random name of a semaphore that is left over; Python reports it from 3.15 on
SHOW = f"import json, mine\n{HEAD}print(ascii(mine.value))"


def write_settings(folder: Path, number: int) -> None:
    """A different text of a different length."""
    (folder / "settings.json").write_text('{"number": "' + "x" * number + '"}')


def write_module(folder: Path, number: int) -> None:
    """A module that only the program imports."""
    (folder / "mine.py").write_text(f"value = '{'x' * number}'\n")


def add_module(folder: Path, number: int) -> None:
    """A module that did not exist before."""
    (folder / f"plugin{number}.py").write_text(f"value = {number}\n")


IMPORTS = {
    "variables_at_import": Idiom(SHOW, {"mine.py": "import os\nvalue = os.environ.get('HTTP_X_USER', 'nobody')\n"}),
    "all_variables_at_import": Idiom(SHOW, {"mine.py": "import os\nvalue = sorted(os.environ.items())\n"}),
    "body_at_import": Idiom(SHOW, {"mine.py": "import sys\nvalue = sys.stdin.read()\n"}, request=post),
    "arguments_at_import": Idiom(SHOW, {"mine.py": "import sys\nvalue = sys.argv, sys.orig_argv\n"}),
    "library_reads_the_request": Idiom(
        f"import json, lib\n{HEAD}print(lib.user, lib.query)",
        libraries={"lib": "import os\nuser, query = os.getenv('HTTP_X_USER'), os.environ['QUERY_STRING']\n"},
    ),
    "library_reads_the_body": Idiom(
        f"import json, lib\n{HEAD}print(ascii(lib.body))",
        libraries={"lib": "import sys\nbody = sys.stdin.buffer.read()\n"},
        request=post,
    ),
    "library_reads_what_the_program_sets": Idiom(
        f"import json, os\nos.environ['LIB_USER'] = os.environ['HTTP_X_USER']\nimport lib\n{HEAD}print(lib.user)",
        libraries={"lib": "import os\nuser = os.environ.get('LIB_USER')\n"},
    ),
    "settings_read_at_import": Idiom(
        SHOW,
        {"mine.py": "import json\nwith open('settings.json') as file: value = json.load(file)\n"},
        change=write_settings,
    ),
    "module_that_changes": Idiom(SHOW, change=write_module),
    "module_that_appears": Idiom(
        f"import json, os\n{HEAD}try:\n    print(__import__('plugin' + os.environ['QUERY_STRING'][7:]).value)\n"
        "except ImportError as error:\n    print(error)\n",
        change=add_module,
    ),
    "temporary_folder": Idiom(
        f"import json, mine, os\n{HEAD}print(os.listdir(mine.folder.name))\nopen(mine.folder.name + '/a', 'w').close()",
        {"mine.py": "import tempfile\nfolder = tempfile.TemporaryDirectory()\n"},
    ),
    "library_with_a_temporary_folder": Idiom(
        f"import json, lib, os\n{HEAD}print(os.listdir(lib.folder.name))\nopen(lib.folder.name + '/a', 'w').close()",
        libraries={"lib": "import tempfile\nfolder = tempfile.TemporaryDirectory()\n"},
    ),
    "shared_memory": Idiom(
        f"import json, mine, os\n{HEAD}print(mine.shared[:20])\nmine.shared[:8] = os.environb[b'QUERY_STRING'][:8]",
        {"mine.py": "import mmap\nshared = mmap.mmap(-1, 4096)\n"},
    ),
    "library_with_shared_memory": Idiom(
        f"import json, lib, os\n{HEAD}print(lib.shared[:20])\nlib.shared[:8] = os.environb[b'QUERY_STRING'][:8]",
        libraries={"lib": "import mmap\nshared = mmap.mmap(-1, 4096)\n"},
    ),
    "lock_that_is_never_released": Idiom(
        f"import json, mine, os\n{HEAD}print(mine.lock.acquire(timeout=1), flush=True)\nif os.environ['QUERY_STRING'] != 'number=0': os.kill(os.getpid(), 9)",
        {"mine.py": "import multiprocessing\nlock = multiprocessing.Lock()\n"},
        varies=SEMAPHORE,
    ),
    "library_with_a_lock": Idiom(
        f"import json, lib, os\n{HEAD}print(lib.lock.acquire(timeout=1), flush=True)\nif os.environ['QUERY_STRING'] != 'number=0': os.kill(os.getpid(), 9)",
        libraries={"lib": "import multiprocessing\nlock = multiprocessing.Lock()\n"},
        varies=SEMAPHORE,
    ),
    "database_at_import": Idiom(
        f"import mine, os\n{HEAD}mine.db.execute('insert into seen values (?)', [os.environ['QUERY_STRING']])\n"
        "print(mine.db.execute('select count(*) from seen').fetchall())\nmine.db.commit()",
        {
            "mine.py": "import sqlite3\ndb = sqlite3.connect('seen.db')\n"
            "db.execute('create table if not exists seen (query)')\n"
        },
        change=lambda folder, _: (folder / "seen.db").unlink(missing_ok=True),
    ),
    "database_in_memory": Idiom(
        f"import mine, os\n{HEAD}mine.db.execute('create table t (x)')\nprint(mine.db.total_changes)",
        {"mine.py": "import sqlite3\ndb = sqlite3.connect(':memory:')\n"},
    ),
    "relative_imports": Idiom(
        f"import json\nfrom shop.cart import total\n{HEAD}print(total())",
        {
            "shop/__init__.py": "",
            "shop/cart.py": "from . import prices\nfrom .prices import price\ndef total(): return price + prices.fee()\n",
            "shop/prices.py": "import os\nprice = len(os.environ['QUERY_STRING'])\ndef fee(): return 1\n",
        },
    ),
    "modules_elsewhere": Idiom(
        f"import json, os, sys\nsys.path.insert(0, os.path.abspath('lib'))\nimport elsewhere\n{HEAD}"
        "print(elsewhere.value, [os.path.basename(p) for p in sys.path[:2]])",
        {"lib/elsewhere.py": "import os\nvalue = os.environ['QUERY_STRING']\n"},
    ),
    "own_module_hides_a_library": Idiom(
        f"import json, tokenize\n{HEAD}print(tokenize.value)",
        {"tokenize.py": "import os\nvalue = os.environ['QUERY_STRING']\n"},
    ),
    "own_package_with_data": Idiom(
        f"import importlib.resources, json, pkgutil, shop\n{HEAD}print(pkgutil.get_data('shop', 'a.txt'))\n"
        "print(importlib.resources.files('shop').joinpath('a.txt').read_text(), shop.__spec__.origin[-11:])",
        {"shop/__init__.py": "", "shop/a.txt": "text"},
    ),
    "missing_module": Idiom(f"import json\n{HEAD}import no_such_module", fault="ModuleNotFoundError"),
    "failing_module": Idiom(
        f"import json\n{HEAD}import mine",
        {"mine.py": "def fail():\n    raise ValueError('so')\nfail()\n"},
        fault="ValueError",
    ),
    "half_imported_module": Idiom(
        f"import json\n{HEAD}import mine",
        {"mine.py": "import json\nfrom other import x\n", "other.py": "import mine\nmine.y\n"},
        # From Python 3.13 on the hint differs, because it depends on the location of the interpreter's own script.
        varies=r"partially initialized |from '\S+' |\((consider renaming|most likely).*\)",
        fault="AttributeError",
    ),
}
