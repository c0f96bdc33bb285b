#!python -IS
"""Writes 1 MB before it reads; then prints how much it has read."""

import os

os.write(1, b"Content-Type: text/plain\n\n")
rest = b"x" * 1_000_000
while rest:
    rest = rest[os.write(1, rest) :]
count = 0
while block := os.read(0, 65536):
    count += len(block)
os.write(1, b"%d" % count)
