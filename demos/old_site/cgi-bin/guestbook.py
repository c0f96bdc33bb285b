#!/usr/bin/env python3
"""A guest book, as in 1998: a CGI program that appends each post to a file, and shows the
file.
"""

import fcntl
import html
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs

book = Path(os.environ.get("GUESTBOOK") or Path(tempfile.gettempdir()) / "guestbook.txt")

if os.environ["REQUEST_METHOD"] == "POST":
    form = parse_qs(sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)))
    with book.open("a") as file:
        # Each request is a process: the lock prevents mixed lines.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{form['name'][0]}: {form['text'][0]}\n")

entries = book.read_text().splitlines() if book.exists() else []
print("Content-Type: text/html; charset=utf-8\n")
for entry in entries:
    print(f"<p>{html.escape(entry)}</p>")
