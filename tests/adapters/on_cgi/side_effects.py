"""Side effects of these tests' applications: record entries, wait for a signal, write to the wrong stream."""

import os
import subprocess
import sys
import time
from pathlib import Path


def note(*words: str) -> None:
    """Record an entry for the test, which reads it with Runner.recorded()."""
    with open(os.environ["RECORD"], "a") as record:
        record.write("\n".join(words) + "\n")


def signalled() -> bool:
    """Return True if the test has created the file Runner.signal."""
    return Path(os.environ["SIGNAL"]).exists()


def await_signal() -> None:
    """Wait until signalled() returns True."""
    while not signalled():
        time.sleep(0.01)


def chatter() -> None:
    """Write to stdout in every way that bypasses the adapter."""
    print("a stray print")
    os.write(1, b"a C library's write\n")
    os.system("echo a shell command")


def complain() -> None:
    """Write more to stderr than any pipe can hold."""
    sys.stderr.write("#" * 1_000_000 + "\n")


def leave_a_child() -> None:
    """Start a process that outlives this one and inherits its descriptors."""
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stderr=subprocess.DEVNULL)
    note(str(child.pid))
