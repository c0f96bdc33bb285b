"""The folder of one comparison: the modules and programs that servers are told to serve, and the servers' logs.

Knows files. It must not know what is in them.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOGS = "logs"


class Folder:
    """A place for files. Modules that would have the same name and another text are put in a `part` of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / LOGS
        self.logs.mkdir(parents=True, exist_ok=True)
        self.keep_logs = False

    def put(self, files: Mapping[str, str], part: str = "") -> Path:
        """Write the files, and return the folder that they are in. Programs can be executed."""
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
    """The folder `keep`, which stays; or a temporary one, of which only the logs stay, if `keep_logs` has been set."""
    made = Folder((keep or Path(tempfile.mkdtemp(prefix="gateways-compare-"))).absolute())
    try:
        yield made
    finally:
        if keep is None:
            for each in made.path.iterdir():
                if each != made.logs or not made.keep_logs:
                    shutil.rmtree(each) if each.is_dir() else each.unlink()
            if not made.keep_logs:
                made.path.rmdir()
