"""The folder of one comparison: the modules and programs that are served, and the server logs.

Knows files. It must not know their contents.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOGS = "logs"


class Folder:
    """A folder for files. Modules with the same name but different text need different subfolders (`part`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / LOGS
        self.logs.mkdir(parents=True, exist_ok=True)
        self.keep_logs = False

    def put(self, files: Mapping[str, str], part: str = "") -> Path:
        """Write the files and return their folder. Programs are executable."""
        where = self.path / part
        where.mkdir(exist_ok=True)
        for name, text in files.items():
            file = where / name
            file.write_text(text, encoding="utf-8")
            if file.suffix != ".py":
                file.chmod(0o755)
        return where


@contextmanager
def folder(keep: Path | None) -> Iterator[Folder]:
    """Yield the folder `keep`, or a temporary folder. A temporary folder is deleted, except its logs if
    `keep_logs` is set.
    """
    created = Folder((keep or Path(tempfile.mkdtemp(prefix="gateways-compare-"))).absolute())
    try:
        yield created
    finally:
        if keep is None:
            for each in created.path.iterdir():
                if each != created.logs or not created.keep_logs:
                    shutil.rmtree(each) if each.is_dir() else each.unlink()
            if not created.keep_logs:
                created.path.rmdir()
