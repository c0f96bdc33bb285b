#!/usr/bin/env python3
"""The reference app in CGI, with a large body and a wait that blocks. Knows only RFC 3875."""

import os
import runpy
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs

BLOCK = b"0123456789abcdef" * 4096  # 64 KiB


def head(kind: str, length: int) -> None:
    sys.stdout.buffer.write(f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode())


def main() -> None:
    """Serve the request."""
    path, query = os.environ.get("PATH_INFO"), parse_qs(os.environ.get("QUERY_STRING", ""))
    if path == "/download":
        length = int(query["bytes"][0])
        head("application/octet-stream", length)
        for at in range(0, length, len(BLOCK)):
            sys.stdout.buffer.write(BLOCK[: length - at])
    elif path == "/block":
        time.sleep(float(query["seconds"][0]))
        head("text/plain", 8)
        sys.stdout.buffer.write(b"blocked\n")
    else:
        runpy.run_path(str(Path(__file__).parents[3] / "cgi" / "app.py"), run_name="__main__")


if __name__ == "__main__":
    main()
