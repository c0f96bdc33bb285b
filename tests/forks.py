"""fork() for tests: in a process with threads, which Python warns about."""

import os
import warnings


def fork() -> int:
    """Fork as a server with threads does. Python 3.12 and later warn of it when the child exists, in both processes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
