#!python -IS
import os

for number in range(10_000):
    os.write(2, b"line %06d: " % number + b"e" * 86 + b"\n")
os.write(1, b"Content-Type: text/plain\n\ndone")
