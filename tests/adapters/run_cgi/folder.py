"""The folder of test programs, each named after its behaviour."""

import os
import shutil
import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


def copy_programs(folder: Path) -> Path:
    """Copy the programs in the layout that the clauses expect, with "#!python" replaced by this interpreter."""
    shutil.copytree(PROGRAMS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for program in folder.iterdir():
        text = program.read_text()
        program.write_text(text.replace("#!python ", f"#!{sys.executable} ", 1))
    (folder / "nested" / "deep").mkdir(parents=True)
    shutil.copy(folder / "report.py", folder / "nested" / "deep" / "report.py")
    shutil.copy(folder / "hello.sh", folder.parent / "outside.sh")
    (folder / "link_out.sh").symlink_to("../outside.sh")
    (folder / "link_in.sh").symlink_to("hello.sh")
    os.mkfifo(folder / "fifo.sh", 0o755)
    return folder
