"""fork() for tests: in a process with threads, which Python warns about."""

import os
import warnings


def fork() -> int:
    """Fork like a server with threads. Python 3.12 and later then issue a warning in both processes; ignore it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
