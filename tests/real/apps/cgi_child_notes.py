"""Records of CGI applications for their test, in files beside the program, because servers do not pass the test's
variables.
"""

import hashlib
import os
from pathlib import Path

FOLDER = Path(os.environ.get("SCRIPT_FILENAME", "/nowhere/x")).parent


def note(word: str) -> None:
    """Add a line to the file `record`."""
    with (FOLDER / "record").open("a") as record:
        record.write(f"{word}\n")


def digest(octets: bytes) -> str:
    """Length and SHA-256."""
    return f"{len(octets)} {hashlib.sha256(octets).hexdigest()}"
