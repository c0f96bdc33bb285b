#!python -IS
"""Writes its decoded query to stdout; then ends as in its path: /exit/3, /kill/9, or normally."""

import os
import re
import sys

query = os.environb[b"QUERY_STRING"]
os.write(1, re.sub(rb"%(..)", lambda match: bytes.fromhex(match[1].decode()), query))
match os.environ.get("PATH_INFO", "").split("/"):
    case ["", "exit", status]:
        sys.exit(int(status))
    case ["", "kill", number]:
        os.kill(os.getpid(), int(number))
