#!python -IS
"""Waits; makes the file that the query names when it is told to end."""

import os
import signal
import sys


def end(*_: object) -> None:
    with open(os.environ["QUERY_STRING"], "w"):
        sys.exit()


signal.signal(signal.SIGTERM, end)
os.write(1, b"Content-Type: text/plain\n\nready\n")
signal.pause()
