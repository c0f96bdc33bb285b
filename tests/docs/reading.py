"""Read pages in separate network and process namespaces, find their errors, and regenerate their outputs.

Knows namespaces of Linux. Without them, pages are read one after another, and their ports must be free. It must not
know the contents of a page.
"""

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.docs.blocks import CUT, aligned
from tests.docs.place import ROOT
from tests.docs.reader import Finding

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(page for page in (ROOT / "docs").rglob("*.md") if not page.is_symlink())]
READING_SECONDS = 240  # limit for one page
LOCK = Path(tempfile.gettempdir(), "gateways-docs-page.lock")
APART = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
os.execv(sys.executable, [sys.executable, "-m", "tests.docs.reader", sys.argv[1]])
"""


@cache
def can_be_apart() -> bool:
    """True if users of this system can create namespaces. Then each page has all ports, and its processes end with the
    page.
    """
    return shutil.which("unshare") is not None and not subprocess.run([*APART, "true"], check=False).returncode


def read(page: Path) -> list[Finding]:
    """Return the results of a page's blocks. Raises CalledProcessError if the reader fails."""
    if can_be_apart():
        return _read([*APART, sys.executable, "-c", LOOPBACK, str(page)])
    with LOCK.open("w") as lock:  # the pages share the ports of this system, also with pages that other workers read
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _read([sys.executable, "-m", "tests.docs.reader", str(page)])


def _read(command: list[str]) -> list[Finding]:
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=READING_SECONDS, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [Finding(**{**each, "shown": tuple(each["shown"])}) for each in found]


def problems(findings: list[Finding]) -> list[str]:
    """Return the problems as text."""
    said = []
    for each in findings:
        if each.problem:
            said.append(f"line {each.line}: {each.text.rstrip()}\n{each.problem}; it says:\n" + _indented(each.real))
        elif each.shown and aligned(each.shown, each.real) is None:
            said.append(
                f"line {each.line}: {each.text.rstrip()}\nthe output differs from the page:\n" + _indented(each.real)
            )
    return said


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines[-60:])


def is_whole(finding: Finding) -> bool:
    """Return True if the page shows a complete output."""
    return not any(CUT in line for line in finding.shown)


def renewed(page: str, findings: list[Finding]) -> str:
    """Return the page with the real outputs. A changed output is replaced if it has no cuts."""
    lines = page.splitlines()
    for each in reversed(findings):
        new = aligned(each.shown, each.real) or (each.real if is_whole(each) else None)
        if each.shown and not each.problem and new is not None:
            start, end = each.below - 1, each.below - 1 + len(each.shown)
            indent = lines[each.line - 1][: len(lines[each.line - 1]) - len(lines[each.line - 1].lstrip())]
            lines[start:end] = [(indent + line).rstrip() for line in new]
    return "\n".join(lines) + "\n"
