#!python -IS
"""Writes its body back as it arrives."""

import os

os.write(1, b"Content-Type: application/octet-stream\n\n")
while block := os.read(0, 65536):
    while block:
        block = block[os.write(1, block) :]
