"""Libraries are imported before a program runs, unless the program could detect this."""

import logging
from pathlib import Path

import pytest

from tests.adapters.run_cgi.asking import Asker
from tests.adapters.run_cgi.warm.warming import install, site_packages, warm_asker, warmed, write
from tests.real.serving import eventually

SHOWS = """
import sys
before = "lib" in sys.modules
import colorsys, lib
print(f"X-A: b\\n\\n{before} {getattr(lib, 'value', '')}")
"""
HARMLESS = {  # lib by its idiom
    "imports": "import json, random, tempfile, secrets, uuid, logging, threading\nvalue = 1",
    "locks": "import threading\nlock, local, event = threading.RLock(), threading.local(), threading.Event()",
    "reads_a_setting": "import os\nvalue = os.environ.get('LIB_SETTING')",
    "opens_and_closes": "import socket\nsocket.socket().close()\nopen(__file__).close()\nvalue = 1",
    "registers_at_exit": "import atexit\natexit.register(int)\nvalue = 1",
    "system_random": "import random\nvalue = type(random.SystemRandom())",
    "optional": "try:\n    import no_such_module\nexcept ImportError:\n    value = 1",
    "lazy_modules": "import concurrent.futures\nvalue = concurrent.futures.ThreadPoolExecutor is not None",
    "imports_subprocess": "import subprocess\nvalue = 1",
    "looks_for_a_c_library": "import ctypes.util\nctypes.util.find_library('c')\nvalue = 1",
    "logs": "import logging\nlogging.getLogger('lib').debug('imported')\nvalue = 1",
    "context_keys": "from opentelemetry.context import create_key\nkey, value = create_key('a'), 1",
}
HARMFUL = {
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()": "starts a thread",
    "import threading\nthread = threading.Thread(target=int)\nthread.start(); thread.join()": "starts a thread",
    "import socket\nopen_for_ever = socket.socket()": "changes the open descriptors",
    "import tempfile\nfolder = tempfile.TemporaryDirectory()": "creates a folder",
    "import tempfile, os\nfd, path = tempfile.mkstemp(); os.close(fd); os.remove(path)": "creates a file",
    "with open(__file__ + '.out', 'w') as file: file.write('x')": "writes a file",
    "import mmap\nshared = mmap.mmap(-1, 100)": "shares memory",
    "import multiprocessing\nlock = multiprocessing.Lock()": "has shared memory or a multiprocessing lock",
    "import sqlite3\ndatabase = sqlite3.connect(':memory:')": "opens a database",
    "import random\nvalue = random.Random()": "has a random generator",
    "import random\nclass Dice:\n    rng = random.Random(7)\nheld = {'a': [Dice()]}": "has a random generator",
    "import random\nvalue = random.random()": "changes the random numbers",
    "import secrets\nvalue = secrets.token_hex()": "keeps a random number",
    "import uuid\nvalue = uuid.uuid4()": "keeps a random number",
    "import os\nvalue = os.getpid()": "keeps the process's id",
    "import time\nvalue = time.time()": "keeps the time",
    "import time\nvalue = {'ns': [time.time_ns()]}": "keeps the time",
    "import time\nvalue = time.monotonic()": "keeps the time",
    "import time\nvalue = str(time.time())": "keeps the time",
    "from time import time_ns\nvalue = time_ns() // 10**6": "keeps the time",
    "from datetime import datetime\nvalue = datetime.now().isoformat()": "keeps the time",
    "import datetime\nvalue = datetime.date.today()": "keeps the time",
    "import email.utils\nvalue = email.utils.formatdate()": "keeps the time",
    "from posix import urandom\nvalue = urandom(4)": "keeps a random number",
    "value = open('/dev/urandom', 'rb').read(4)": "keeps a random number",
    "import contextvars\nvariable = contextvars.ContextVar('v')\nvariable.set([])": "changes context variables",
    "import decimal\ndecimal.getcontext().prec = 5": "changes context variables",
    "import builtins, random\nbuiltins.dice = random.Random()": "has a random generator",
    "import threading\nvalue = threading.get_native_id()": "keeps the thread's id",
    "import os\nforked = []\nos.register_at_fork(after_in_child=lambda: forked.append(1))": "registers fork handlers",
    "import subprocess\nvalue = subprocess.run(['true'])": "runs a program",
    "import __main__\nvalue = getattr(__main__, 'before', None)": "reads the module __main__",
    "value = open('/proc/self/environ').read()": "reads the process's own files",
    "from datetime import datetime, timezone\nvalue = datetime.now(timezone.utc)": "keeps the time",
    "import os\nvalue = os.environ.get('QUERY_STRING')": "reads the environment variable QUERY_STRING",
    "import os\nvalue = 'HTTP_COOKIE' in os.environ": "reads the environment variable HTTP_COOKIE",
    "import os\nvalue = dict(os.environ)": "reads the whole environment",
    "import sys\nvalue = sys.argv[1:]": "reads the arguments",
    "import sys\nvalue = sys.stdin.read()": "changes the position of stdin",
    "import os\nos.environ['LIB_HOME'] = '/lib'": "changes the environment",
    "import os\nos.chdir('/')": "changes the working folder",
    "import os\nos.umask(0o77)": "changes the umask",
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)": "changes signal handlers",
    "import sys\nsys.excepthook = lambda *_: None": "changes hooks",
    "import sys\nsys.path.append('/lib')": "changes sys.path",
    "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)": "changes the standard streams",
    "import locale\nlocale.setlocale(locale.LC_CTYPE, 'C')": "changes the locale",
    "import socket\nsocket.setdefaulttimeout(5)": "changes the default timeout of sockets",
    "import sys\nsys.setrecursionlimit(5000)": "changes limits",
    "import sys\nprint('from lib', file=sys.stderr)": "changes the output",
    "import warnings\nwarnings.warn('lib is old')": "issues a warning when it is imported",
}

HARMFUL_TOGETHER = {  # by the name of the library; all are imported by one program
    "cpu_time": ("import time\nvalue = time.process_time()", "keeps the time"),
    "resources": ("import resource\nvalue = resource.getrusage(resource.RUSAGE_SELF).ru_utime", "keeps the time"),
    "derived_time": ("import datetime\nclass D(datetime.datetime): pass\nvalue = str(D.now())", "keeps the time"),
    "group": ("import os\nvalue = os.getpgrp()", "keeps the process's id"),
    "key": (
        "from cryptography.hazmat.primitives.asymmetric import ec\nkey = ec.generate_private_key(ec.SECP256R1())",
        "keeps a random number",
    ),
    "kernel": ("value = open('/proc/sys/kernel/random/uuid').read()", "keeps a random number"),
    "of_c": ("import ctypes\nvalue = ctypes.CDLL(None).getpid()", "keeps the process's id"),
    "linked": ("import os\nvalue = os.readlink('/proc/self')", "reads the process's own files"),
    "timer": ("import signal\nsignal.setitimer(signal.ITIMER_REAL, 3600)", "starts a timer"),
    "blocks": ("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])", "changes blocked signals"),
    "quiet": ("import warnings\nwarnings.simplefilter('ignore')", "changes the warning filters"),
    "logs_first": ("import logging\nlogging.basicConfig()", "changes the settings of logging"),
    "translates": ("import gettext\ngettext.install('shop')", "changes builtins"),
    "patches": ("import json\njson.dumps = lambda value: 'patched'", "changes functions of Python's modules"),
    "stacks": ("import threading\nthreading.stack_size(1 << 20)", "changes the settings of threads"),
    "threads": ("import threading\nthreading.excepthook = print", "changes the settings of threads"),
    "nice": ("import os\nos.nice(1)", "changes the priority"),
    "core": ("import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))", "changes resource limits"),
    "digits": ("import sys\nsys.tracebacklimit = 5", "changes settings of Python"),
    "precise": ("import decimal\ndecimal.DefaultContext.prec = 50", "changes defaults of Python's modules"),
    "audits": ("import sys\nsys.addaudithook(lambda *event: None)", "changes hooks"),
    "reconfigures": ("import sys\nsys.stdout.reconfigure(errors='replace')", "changes the standard streams"),
    "asks": ("import sys\nvalue = 'debug' in sys.argv", "reads the arguments"),
    "counts": ("import sys\nvalue = len(sys.argv)", "reads the arguments"),
    "variables": ("import os\nvalue = len(os.environ)", "reads the whole environment"),
    "doc": ("import __main__\nvalue = __main__.__doc__", "reads the module __main__"),
}


def _reports(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if "runs warm" in record.getMessage())


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_library_is_imported_in_advance_for_warm_runs(ask_one: Asker, tmp_path: Path, name: str) -> None:
    install(tmp_path, "lib", HARMLESS[name] + "\n")
    if name == "context_keys":
        install(
            tmp_path,
            "opentelemetry.context",
            "from uuid import uuid4\ndef create_key(name): return name + str(uuid4())\n",
        )
    program = write(tmp_path, "a.py", SHOWS)
    warmed(ask_one, program)
    assert ask_one("/a.py").body.startswith(b"True")


@pytest.mark.parametrize(("source", "reason"), HARMFUL.items())
def test_a_library_that_runs_cannot_share_is_imported_in_each_run(
    ask_one: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str, reason: str
) -> None:
    caplog.set_level(logging.INFO, "gateways.cgi")
    install(tmp_path, "lib", source + "\n")
    program = write(tmp_path, "a.py", SHOWS)
    warmed(ask_one, program)
    eventually(lambda: " lib: " in _reports(caplog), f"the log names it: {caplog.messages}")
    assert reason in _reports(caplog).partition(" lib: ")[2].partition(";")[0]
    assert b"False" in ask_one("/a.py").body


def test_many_libraries_that_change_the_process_are_not_shared(
    ask_one: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateways.cgi")
    for name, (source, _) in HARMFUL_TOGETHER.items():
        install(tmp_path, f"lib_{name}", source + "\n")
    names = ", ".join(f"lib_{name}" for name in HARMFUL_TOGETHER)
    install(tmp_path, "harmless", "import logging\nlogging.getLogger('app').addHandler(logging.NullHandler())\n")
    source = "import sys\nbefore = [name for name in sys.modules if name.startswith(('lib_', 'harmless'))]\n"
    program = write(tmp_path, "a.py", f"{source}import harmless, {names}\nprint(f'X-A: b\\n\\n{{before}}')\n")
    warmed(ask_one, program)
    eventually(lambda: " lib_doc: " in _reports(caplog), f"the log names them: {caplog.messages}")
    reported = dict(part.split(": ", 1) for part in _reports(caplog).partition(" itself: ")[2].split("; "))
    wrong = {
        name: reported.get(f"lib_{name}")
        for name, (_, reason) in HARMFUL_TOGETHER.items()
        if reason not in reported.get(f"lib_{name}", "")
    }
    assert not wrong
    assert b"['harmless']" in ask_one("/a.py").body


def test_a_module_that_imports_an_unshared_library_is_unshared_too(ask_one: Asker, tmp_path: Path) -> None:
    install(tmp_path, "dice", "import random\nrng = random.Random()\n")
    install(tmp_path, "game", "from dice import rng\n")
    install(tmp_path, "late", "def roll():\n    import dice\n    return dice.rng.random()\n")
    source = "import sys\nbefore = [name for name in ('dice', 'game', 'late') if name in sys.modules]\n"
    program = write(tmp_path, "a.py", source + "import game, late\nprint('X-A: b\\n')\nprint(before, late.roll())\n")
    warmed(ask_one, program)
    bodies = {ask_one("/a.py").body for _ in range(4)}
    assert len(bodies) == 4
    assert {body[:9] for body in bodies} == {b"['late'] "[:9]}


def test_a_library_whose_settings_the_program_changes_is_not_shared(ask_one: Asker, tmp_path: Path) -> None:
    install(tmp_path, "lib", "import os\nvalue = os.environ.get('LIB_SETTING')\n")
    program = write(tmp_path, "a.py", "import os\nos.environ['LIB_SETTING'] = os.environ['QUERY_STRING']\n" + SHOWS)
    warmed(ask_one, program)
    assert [ask_one(f"/a.py?{number}").body for number in range(3)] == [b"False %d\n" % number for number in range(3)]


def test_each_run_is_seeded_for_numpys_global_generator(ask_one: Asker, tmp_path: Path) -> None:
    seeds = "import random\nclass RandomState(random.Random):\n    def __setstate__(self, state): pass\n"
    install(
        tmp_path,
        "numpy.random.mtrand",
        f"{seeds}_rand = random\nseeded = 0\ndef seed():\n    global seeded\n    seeded += 1\n",
    )
    program = write(tmp_path, "a.py", "import numpy.random.mtrand as m\nprint(f'X-A: b\\n\\n{m.seeded}')\n")
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"1\n"


def test_modules_that_a_later_run_imports_are_imported_in_advance_too(ask_one: Asker, tmp_path: Path) -> None:
    source = "import os, sys\nbefore = 'colorsys' in sys.modules\nimport json\n"
    source += "if os.environ['QUERY_STRING']: import colorsys\nprint(f'X-A: b\\n\\n{before}')\n"
    program = write(tmp_path, "a.py", source)
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"False\n"
    eventually(lambda: ask_one("/a.py?more").body == b"True\n", "it is imported before")


def test_a_change_of_a_library_is_detected(ask_one: Asker, tmp_path: Path) -> None:
    install(tmp_path, "lib", "value = 'old'\n")
    program = write(tmp_path, "a.py", SHOWS)
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"True old\n"
    install(tmp_path, "lib", "value = 'newer'\n")
    eventually(lambda: ask_one("/a.py").body.endswith(b" newer\n"), "it is noticed")
    for _ in range(3):
        assert ask_one("/a.py").body.endswith(b" newer\n")


def test_a_module_of_the_program_that_shadows_a_library_is_detected(ask_one: Asker, tmp_path: Path) -> None:
    install(tmp_path, "lib", "value = 'library'\n")
    program = write(tmp_path, "a.py", SHOWS)
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"True library\n"
    (tmp_path / "lib.py").write_text("value = 'own'\n")
    for _ in range(3):
        assert ask_one("/a.py").body == b"False own\n"


READS = {
    "open": "value = open({path!r}).read()",
    "pathlib": "from pathlib import Path\nvalue = Path({path!r}).read_text()",
    "listdir": "import os\nvalue = os.listdir({folder!r})",
    "scandir": "import os\nvalue = sorted(each.name for each in os.scandir({folder!r}))",
    "size": "import os\nvalue = os.stat({path!r}).st_size",
    "exists": "import os\nvalue = os.path.exists({path!r} + '2')",
    "glob": "import glob\nvalue = sorted(glob.glob({folder!r} + '/*'))",
}


@pytest.mark.parametrize("how", READS)
def test_a_change_of_a_file_that_a_library_has_read_is_detected_at_once(
    ask_one: Asker, tmp_path: Path, how: str
) -> None:
    data = tmp_path / "settings" / "lib.conf"
    data.parent.mkdir()
    data.write_text("old")
    install(tmp_path, "lib", READS[how].format(path=str(data), folder=str(data.parent)) + "\n")
    program = write(tmp_path, "a.py", SHOWS)
    warmed(ask_one, program)
    before = ask_one("/a.py").body
    assert before.startswith(b"True ")
    data.write_text("newer")
    data.with_name("lib.conf2").touch()
    assert ask_one("/a.py").body.removeprefix(b"False ") != before.removeprefix(b"True ")
    eventually(lambda: ask_one("/a.py").body.startswith(b"True "), "it is shared again")


def test_files_that_the_program_writes_beside_those_of_a_library_have_no_effect(ask_one: Asker, tmp_path: Path) -> None:
    """A folder's own time changes with each file in it."""
    install(tmp_path, "lib", f"import os\nvalue = os.path.isdir({str(tmp_path)!r})\n")
    program = write(tmp_path, "a.py", "import tempfile\ntempfile.NamedTemporaryFile(dir='.').close()\n" + SHOWS)
    warmed(ask_one, program)
    assert [ask_one("/a.py").body for _ in range(3)] == [b"True True\n"] * 3


def test_a_library_that_is_installed_later_is_found(ask_one: Asker, tmp_path: Path) -> None:
    source = "import colorsys\ntry:\n    import lib\n    value = lib.value\nexcept ImportError:\n    value = 'none'\n"
    program = write(tmp_path, "a.py", source + "print(f'X-A: b\\n\\n{value}')\n")
    site_packages(tmp_path).mkdir(parents=True)
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"none\n"
    install(tmp_path, "lib", "value = 'there'\n")
    assert ask_one("/a.py").body == b"there\n"


def test_a_library_that_must_run_first_prevents_all_sharing(
    ask_one: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateways.cgi")
    install(tmp_path, "gevent", "")
    program = write(
        tmp_path,
        "a.py",
        "import sys\nbefore = 'json' in sys.modules\nimport gevent, json\nprint(f'X-A: b\\n\\n{before}')\n",
    )
    warmed(ask_one, program)
    assert ask_one("/a.py").body == b"False\n"
    assert "all libraries: gevent" in _reports(caplog)


def test_a_library_that_kills_the_interpreter_causes_cold_runs_only(ask_one: Asker, tmp_path: Path) -> None:
    install(
        tmp_path,
        "lib",
        "import os, sys\nif 'scout' in str(sys.exc_info) or os.getppid() == os.getsid(0): os._exit(3)\n",
    )
    write(tmp_path, "a.py", SHOWS)
    for _ in range(4):
        assert ask_one("/a.py").status == 200


def test_named_modules_are_imported_before_the_first_run(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "import sys\nloaded = 'colorsys' in sys.modules\nprint(f'X-A: b\\n\\n{loaded}')\n")
    asker = warm_asker("asyncio", tmp_path, warm=["colorsys"])
    try:
        assert asker("/a.py").body == b"True\n"
    finally:
        asker.host.close()
