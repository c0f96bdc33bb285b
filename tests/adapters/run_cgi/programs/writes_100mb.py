#!python -IS
import os

os.write(1, b"Content-Type: application/octet-stream\n\n")
block = b"x" * 65536
for _ in range(1600):
    rest = block
    while rest:
        rest = rest[os.write(1, rest) :]
