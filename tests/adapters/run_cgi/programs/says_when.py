#!python -IS
"""Writes its response headers; then a line for each line of its body, as it arrives."""

import os
import sys

os.write(1, b"Content-Type: text/plain\n\n")
for line in sys.stdin.buffer:
    os.write(1, b"got " + line)
