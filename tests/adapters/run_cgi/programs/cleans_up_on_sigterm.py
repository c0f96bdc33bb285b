#!python -IS
"""Waits; on SIGTERM it creates the file that the query names."""

import os
import signal
import sys


def end(*_: object) -> None:
    with open(os.environ["QUERY_STRING"], "w"):
        sys.exit()


signal.signal(signal.SIGTERM, end)
os.write(1, b"Content-Type: text/plain\n\nready\n")
signal.pause()
