"""The folder for the apps' files: created for each run of a server, named by NATIVE_FOLDER."""

import os
from pathlib import Path

FOLDER = Path(os.environ["NATIVE_FOLDER"])
STATIC = FOLDER / "static"
TEXT = b"".join(b"line %d of a static file\n" % number for number in range(400))
STAMP = 1_700_000_000


def prepare() -> Path:
    """Create the static folder if it does not exist, with the same files and times in each process."""
    STATIC.mkdir(exist_ok=True)
    for name in ("page.txt", "data.bin"):
        file = STATIC / name
        if not file.exists():
            made = file.with_name(f"{name}.{os.getpid()}")
            made.write_bytes(TEXT)
            os.utime(made, (STAMP, STAMP))
            made.replace(file)
    return STATIC
