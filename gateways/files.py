"""Write the files of reports. A file is either complete, or it does not change."""

import os
from pathlib import Path

from gateways.failure import Failure


def write_whole(file: Path, text: str) -> None:
    """Write the text to the file atomically, so that Ctrl-C cannot leave a part of it. A pipe or a device is written
    directly.

    Raises: Failure: the file cannot be written.
    """
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")
            return
        target = file.resolve()  # a symbolic link stays one
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror}") from error
