"""What these tests' applications do besides answering: note down, wait for a sign, write where they should not."""

import os
import subprocess
import sys
import time
from pathlib import Path


def note(*words: str) -> None:
    """Tell the test, which finds it by Runner.recorded()."""
    with open(os.environ["RECORD"], "a") as record:
        record.write("\n".join(words) + "\n")


def signalled() -> bool:
    """Whether the test has made the file Runner.signal."""
    return Path(os.environ["SIGNAL"]).exists()


def await_signal() -> None:
    """Wait until the test gives the signal."""
    while not signalled():
        time.sleep(0.01)


def chatter() -> None:
    """Write to stdout in every way but the right one."""
    print("a stray print")
    os.write(1, b"a C library's write\n")
    os.system("echo a shell command")


def complain() -> None:
    """Write more to stderr than any pipe holds."""
    sys.stderr.write("#" * 1_000_000 + "\n")


def leave_a_child() -> None:
    """Start a process that outlives this one, with the descriptors that are inherited."""
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stderr=subprocess.DEVNULL)
    note(str(child.pid))
