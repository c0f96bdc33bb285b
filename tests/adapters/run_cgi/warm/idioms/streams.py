"""Idioms of standard streams."""

from typing import Any

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom

TEXT = "Grüße "


def post(number: int) -> dict[str, Any]:
    """A unique body."""
    return {"target": "", "method": "POST", "body": (TEXT * (number + 1) + str(number)).encode()}


BODY = "\nsys.stdout.write('Content-Type: text/plain; charset=utf-8\\n\\n' + text)\n"
STREAMS = {
    "stdout_wrapped": Idiom(
        "import io, os, sys, json\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\n"
        f"text = {TEXT!r} + os.environ['QUERY_STRING']{BODY}"
    ),
    "stdout_detached": Idiom(
        "import io, os, sys, json\nsys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8', newline='\\r\\n')\n"
        f"text = {TEXT!r} + os.environ['QUERY_STRING']{BODY}"
    ),
    "stdout_reconfigured": Idiom(
        "import os, sys, json\nsys.stdout.reconfigure(encoding='latin-1', errors='replace', line_buffering=True)\n"
        f"text = {TEXT!r} + os.environ['QUERY_STRING']{BODY}"
    ),
    "stdout_by_codecs": Idiom(
        "import codecs, json, os, sys\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)\n"
        f"text = {TEXT!r} + os.environ['QUERY_STRING']{BODY}"
    ),
    "stdout_by_open": Idiom(
        f"import json, os\n{HEAD}with open(1, 'w', encoding='utf-8', closefd=False) as out: out.write('by open')\n"
        "with os.fdopen(os.dup(1), 'wb') as out: out.write(os.environb[b'QUERY_STRING'])\n"
    ),
    "stdout_kept_by_a_library": Idiom(
        f"import lib, os, sys\n{HEAD}lib.out.write(os.environ['QUERY_STRING'])\nprint(lib.out is sys.stdout)",
        libraries={"lib": "import sys\nout = sys.stdout\n"},
    ),
    "stderr_wrapped": Idiom(
        "import io, json, os, sys\nsys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding='latin-1', errors='replace')\n"
        f"{HEAD}print('on stderr', os.environ['QUERY_STRING'], file=sys.stderr)\n"
    ),
    "stderr_to_stdout": Idiom(
        f"import json, os, sys\nsys.stderr = sys.stdout\n{HEAD}print('on stderr', os.environ['QUERY_STRING'], file=sys.stderr)\n1 / 0",
        fault="exit status 1",
    ),
    "stdout_to_devnull": Idiom(
        f"import json, os, sys\n{HEAD}sys.stdout.flush()\nout = os.dup(1)\nos.dup2(os.open(os.devnull, os.O_WRONLY), 1)\n"
        "print('lost', flush=True)\nos.dup2(out, 1)\nprint('seen')"
    ),
    "stdin_text": Idiom(f"import json, sys\n{HEAD}print(ascii(sys.stdin.read()))", request=post),
    "stdin_lines": Idiom(f"import json, sys\n{HEAD}print([ascii(line) for line in sys.stdin])", request=post),
    "stdin_octets": Idiom(
        f"import json, os, sys\n{HEAD}print(sys.stdin.buffer.read(int(os.environ['CONTENT_LENGTH'])))", request=post
    ),
    "stdin_wrapped": Idiom(
        "import io, json, sys\nsys.stdin = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')\n"
        f"{HEAD}print(ascii(sys.stdin.readline()))",
        request=post,
    ),
    "stdin_peeked_and_seeked": Idiom(
        f"import io, json, sys\n{HEAD}print(sys.stdin.buffer.peek(4)[:4], sys.stdin.seekable(), sys.stdin.buffer.raw)\n"
        "try:\n    sys.stdin.buffer.seek(0)\nexcept OSError as error:\n    print(error)\n",
        request=post,
        varies=r"0x[0-9a-f]+",
    ),
    "stdin_without_a_body": Idiom(
        f"import fcntl, json, os, sys\n{HEAD}print(repr(sys.stdin.read()), sys.stdin.seekable(), fcntl.fcntl(0, fcntl.F_GETFL))\n"
        "print(os.fstat(0).st_rdev)\nos.set_blocking(0, False)\nprint(fcntl.fcntl(0, fcntl.F_GETFL))"
    ),
    "describes_its_streams": Idiom(
        f"import json, sys\n{HEAD}for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):\n"
        "    print(s, s.name, s.mode, s.encoding, s.errors, s.newlines, s.line_buffering, s.write_through, s.fileno())\n"
        "    print(s.buffer, s.buffer.mode, s.buffer.raw, s.seekable(), s.isatty(), s.closed, vars(s))\n",
        varies=r"0x[0-9a-f]+",
    ),
    "unbuffered": Idiom(
        f"import json, os, sys\n{HEAD}print(sys.stdout.buffer, sys.stdout.write_through)\nos.write(1, b'first ')\nprint('second')",
        line="#!{python} -u",
    ),
    "much_output": Idiom(
        f"import json, os, sys\n{HEAD}n = int(os.environ['QUERY_STRING'][7:])\nsys.stdout.write('x' * 300_000 + str(n))\n"
        "sys.stdout.buffer.write(bytes(range(256)) * 1000)"
    ),
    "stdout_closed": Idiom(f"import json, os, sys\n{HEAD}print(os.environ['QUERY_STRING'])\nsys.stdout.close()"),
    "descriptor_closed": Idiom(
        f"import json, os, sys\n{HEAD}print('lost')\nos.dup(1)\nos.close(1)", fault="exit status 120"
    ),  # its end is its exit
    "flushes": Idiom(  # after the program's code, and at the end
        f"import atexit, json, os, sys\n{HEAD}class Stream:\n    closed = False\n    def __init__(self, name): self.name = name\n"
        "    def write(self, text): os.write(1, text.encode())\n"
        "    def flush(self): os.write(1, f'flush {self.name} {sys.exc_info()[0]}\\n'.encode())\n"
        "sys.stdout, sys.stderr = Stream('stdout'), Stream('stderr')\natexit.register(os.write, 1, b'at exit\\n')\n"
        "if '1' in os.environ['QUERY_STRING']: sys.exit('text')\n",
    ),
    "output_before_a_late_process": Idiom(
        f"import atexit, os, subprocess\n{HEAD}atexit.register(subprocess.run, ['echo', 'late'])\nprint(os.environ['QUERY_STRING'])"
    ),
    "flush_of_stderr_that_fails": Idiom(
        f"import json, sys\n{HEAD}class Stream:\n    def flush(self): raise ValueError\nsys.stderr = Stream()\n",
        fault="exit status 120",
    ),
    "flush_that_fails": Idiom(
        f"import json, os, sys\n{HEAD}class Stream:\n    def flush(self):\n        raise ValueError(os.environ['QUERY_STRING'])\n"
        "sys.stdout = Stream()\n",
        varies=r"0x[0-9a-f]+",
        fault="exit status 120",
    ),
    "c_output": Idiom(
        f"import ctypes, os\n{HEAD}libc = ctypes.CDLL(None)\nlibc.printf(b'from C %s', os.environb[b'QUERY_STRING'])"
    ),
    "c_at_exit": Idiom(
        f"import ctypes, os\n{HEAD}libc = ctypes.CDLL(None)\nputs = ctypes.cast(libc.puts, ctypes.c_void_p)\n"
        "libc.on_exit(puts, b'at the very end')\n",
        varies=r"at the very end",
    ),
    "nph": Idiom(
        "import json, os\nprint('HTTP/1.1 201 Made\\r\\nX-A: b\\r\\n\\r\\n' + os.environ['QUERY_STRING'])", status=201
    ),
}
