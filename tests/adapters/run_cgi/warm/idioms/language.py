"""Idioms of the language, of the interpreter's settings, and of the standard library."""

from pathlib import Path

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom

QUERY = "os.environ['QUERY_STRING']"
FLAGS = f"import json, os, sys\n{HEAD}print(sys.flags, sys.path[0], sys.warnoptions, sys._xoptions, sys.executable, sys.orig_argv)"


def remove_shelf(folder: Path, _number: int) -> None:
    """Remove the data of earlier runs."""
    for file in folder.glob("shelf*"):
        file.unlink()


LANGUAGE = {
    "modules": Idiom(f"import json, sys\n{HEAD}print(sorted(sys.modules))"),
    "importers": Idiom(
        f"import json, sys\n{HEAD}print(sys.path_hooks, sorted(sys.path_importer_cache), sys.path_importer_cache[__file__])",
        varies=r"0x[0-9a-f]+",
    ),
    "main_module": Idiom(
        f"'a docstring'\nimport json, sys\n{HEAD}print(sorted((n, str(v)) for n, v in globals().items()))\n"
        "print(__name__, __file__, __spec__, __package__, __doc__, __loader__.get_filename(), sys.modules['__main__'].__file__)",
        varies=r"0x[0-9a-f]+",
    ),
    "annotations": Idiom(
        f"import dataclasses, json, typing\n{HEAD}number: int = 1\n@dataclasses.dataclass\nclass Row:\n    name: str = ''\n    n: 'int' = 2\n"
        "print(typing.get_type_hints(Row), typing.get_type_hints(__import__('__main__')), Row())"
    ),
    "no_annotations": Idiom(f"import json, typing\n{HEAD}print(typing.get_type_hints(__import__('__main__')))"),
    "pickles": Idiom(
        f"import os, pickle\n{HEAD}class Row:\n    def __init__(self, n): self.n = n\nprint(pickle.loads(pickle.dumps(Row({QUERY}))).n)"
    ),
    "reads_itself": Idiom(
        f"import inspect, json, linecache\n{HEAD}def f():\n    return 1\nprint(inspect.getsource(f), inspect.getfile(f), len(open(__file__).read()))"
    ),
    "warns": Idiom(
        f"import json, warnings\n{HEAD}warnings.warn('old', DeprecationWarning)\nwarnings.warn('user')\nwarnings.warn('user')\n"
        "warnings.simplefilter('error')\nwarnings.warn('now an error')",
        fault="UserWarning: now an error",
    ),
    "syntax_warning": Idiom(f"import json\n{HEAD}print('\\d' is 1)"),
    "syntax_error": Idiom("import json\nthis is no Python\n", runs="cold", status=502, fault="SyntaxError"),
    "other_encoding": Idiom(f"# coding: latin-1\nimport json\n{HEAD}print(len('é'), ascii('é'))"),
    "flags": Idiom(FLAGS, line="#!{python} -u"),
    "flags_together": Idiom(FLAGS, line="#!{python} -uEsO"),
    "flags_isolated": Idiom(FLAGS, line="#!{python} -I"),
    "flags_by_env": Idiom(FLAGS, line="#!/usr/bin/env -S {python} -u -E -s"),
    "flags_of_warnings": Idiom(
        f"{FLAGS}\nimport warnings; warnings.warn('x')", line="#!{python} -Werror", fault="UserWarning: x"
    ),
    "flags_apart": Idiom(FLAGS, line="#!{python} -u -E -s", runs="cold", status=502, fault="Unknown option"),
    "verbose": Idiom(f"import json\n{HEAD}", line="#!{python} -v", runs="cold", varies=r"[\s\S]+"),
    "crlf": Idiom(f"import json\n{HEAD}", line="#!{python}\r", runs="cold", status=500),
    "by_name": Idiom(f"{FLAGS}\nprint(open('/proc/self/comm').read())", line="#!/usr/bin/env python3"),
    "variables_of_python": Idiom(
        f"{FLAGS}\nprint(sys.stdout.encoding, sys.stdout.errors, set('abcdefgh'), hash('x'), 'é')",
        env={
            "PYTHONIOENCODING": "latin-1:replace",
            "PYTHONHASHSEED": "7",
            "PYTHONUNBUFFERED": "1",
            "PYTHONOPTIMIZE": "1",
        },
    ),
    "python_in_development": Idiom(
        f"import json\n{HEAD}print(open(__file__))", env={"PYTHONDEVMODE": "1"}, runs="cold"
    ),
    "lazy_imports": Idiom(  # from Python 3.15 on
        f"import json, sys\nof_zygote = '__future__ atexit gc mmap select _socket'.split()\n{HEAD}print(getattr(sys, 'get_lazy_imports', str)())\n"
        "print([name for name in of_zygote if name in sys.modules or name in getattr(sys, 'lazy_modules', ())])\n"
        "print(json.dumps([1]), 'json' in sys.modules)\n"
        "class Last:\n    def __del__(self): print('the end')\nlast = Last()",
        env={"PYTHON_LAZY_IMPORTS": "all"},
    ),
    "time_zone": Idiom(
        f"import json, os, time\n{HEAD}print(time.tzname, time.strftime('%H %Z', time.localtime(0)))\n"
        "os.environ['TZ'] = ['UTC', 'Asia/Tokyo', 'America/Lima'][len(os.environ['QUERY_STRING']) % 3]; time.tzset()\n"
        "print(time.tzname)",
        env={"TZ": "Europe/Berlin"},
    ),
    "locale": Idiom(
        f"import locale, time\n{HEAD}print(locale.setlocale(locale.LC_ALL), locale.setlocale(locale.LC_ALL, ''), locale.localeconv()['decimal_point'])\n"
        "print(locale.getpreferredencoding(), time.strftime('%B', time.gmtime(0)))",
        env={"LC_ALL": "C.UTF-8"},
    ),
    "logs": Idiom(
        "import logging, os\nlogging.basicConfig(level='INFO', format='%(processName)s %(threadName)s %(name)s %(relativeCreated)07d %(message)s')\n"
        f"{HEAD}logging.info(os.environ['QUERY_STRING'])\nprint(logging.getLogger().handlers)",
        varies=r"000\d{4}",
    ),
    "faulthandler": Idiom(
        f"import faulthandler, json\n{HEAD}print(faulthandler.is_enabled())", line="#!{python} -Xfaulthandler"
    ),
    "limits_itself": Idiom(
        f"import json, os, resource\n{HEAD}print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)); os.umask(0o77); os.chdir('/'); os.nice(1)\nprint(os.getcwd(), os.nice(0))"
    ),
    "changes_the_interpreter": Idiom(
        f"import builtins, gc, json, sys\n{HEAD}print(getattr(builtins, 'mark', 0), sys.getrecursionlimit(), json.dumps(1), gc.isenabled())\n"
        "builtins.mark = 1; sys.setrecursionlimit(500); json.dumps = str.upper; gc.disable(); sys.path.clear(); sys.modules.pop('json')"
    ),
    "wsgiref": Idiom(
        "import os\nfrom wsgiref.handlers import CGIHandler\ndef app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [repr(sorted((k, v) for k, v in environ.items() if isinstance(v, str))).encode()]\nCGIHandler().run(app)"
    ),
    "cookies_and_templates": Idiom(
        "import html, http.cookies, os, string, urllib.parse\nc = http.cookies.SimpleCookie(os.environ['HTTP_COOKIE']); c['n'] = '1'\n"
        "print(c)\nprint('Content-Type: text/html\\n')\n"
        f"print(string.Template('<p>$q').substitute(q=html.escape(repr(urllib.parse.parse_qs({QUERY})))), c['session'].value)"
    ),
    "shelf": Idiom(
        f"import os, shelve\n{HEAD}with shelve.open('shelf') as s:\n    print(sorted(s)); s[{QUERY}] = 1\n",
        change=remove_shelf,
    ),
    "decimals_and_contexts": Idiom(
        f"import contextvars, decimal\n{HEAD}print(decimal.getcontext().prec, decimal.Decimal(1) / 3); decimal.getcontext().prec = 5\n"
        "v = contextvars.ContextVar('v', default=0); print(v.get()); v.set(1)"
    ),
    "code_from_an_archive": Idiom(
        f"import json, sys, zipfile\nwith zipfile.ZipFile('a.zip', 'w') as z: z.writestr('inner.py', 'value = 7')\nsys.path.insert(0, 'a.zip')\n"
        f"import inner\n{HEAD}print(inner.value, inner.__file__)"
    ),
}
