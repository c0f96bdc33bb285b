"""The interpreter that the first line of a program names."""

import os
import sys
from pathlib import Path

import pytest

from gateways.adapters.run_cgi.warm.programs import interpreter_of

READ = {
    b"#!%b\n": ["%b"],
    b"#! %b \n": ["%b"],
    b"#!\t%b\t-I\n": ["%b", "-I"],
    b"#!%b -I\n": ["%b", "-I"],
    b"#!%b -u\n": ["%b", "-u"],
    b"#!%b -Xutf8\n": ["%b", "-Xutf8"],
    b"#!/usr/bin/env python3\n": ["python3"],
    b"#!/usr/bin/env -S python3 -I -u\n": ["python3", "-I", "-u"],
    b"#!/usr/bin/env -S %b -u -E -s\n": ["%b", "-u", "-E", "-s"],
}
COLD = {
    b"#!%b -IS -u\n": "has the option '-IS -u'",
    b"#!%b -u -E -s\n": "has the option '-u -E -s'",
    b"#!/usr/bin/env -i python3\n": "names '-i python3', not Python",
    b"#!%b -m http.server\n": "has the option '-m http.server'",
    b"#!%b -c\n": "has the option '-c'",
    b"#!%b -i\n": "has the option '-i'",
    b"#!%b -v\n": "has the option '-v'",
    b"#!/bin/sh\n": "names '/bin/sh', not Python",
    b"#!/usr/bin/pythonista\n": "names '/usr/bin/pythonista', not Python",
    b"#!/no/such/python3\n": "/no/such/python3 not found",
    b"#!%b\r\n": "not Python",
    b"#!python3\n": "expected an absolute path",
    b"#!/usr/bin/env\n": "names '/usr/bin/env', not Python",
    b"#!/usr/bin/env -S\n": "not Python",
    b"#!\n": "expected an absolute path",
    b"#!%b": "first line does not name Python",
    b"\xef\xbb\xbf#!%b\n": "first line does not name Python",
    b"import sys\n": "first line does not name Python",
    b"\x7fELF": "first line does not name Python",
    b"": "first line does not name Python",
}


def read(folder: Path, line: bytes) -> list[str] | str:
    python = folder / "python3"
    python.symlink_to(sys.executable)
    program = folder / "a.py"
    program.write_bytes(line.replace(b"%b", os.fsencode(python)))
    return interpreter_of(os.fsencode(program), str(folder))


@pytest.mark.parametrize(("line", "words"), READ.items())
def test_the_interpreter_is_that_of_the_first_line(tmp_path: Path, line: bytes, words: list[str]) -> None:
    python = str(tmp_path / "python3")
    assert read(tmp_path, line) == [python, *(word.replace("%b", python) for word in words)]


@pytest.mark.parametrize(("line", "reason"), COLD.items())
def test_any_other_first_line_is_left_to_the_kernel(tmp_path: Path, line: bytes, reason: str) -> None:
    found = read(tmp_path, line)
    assert isinstance(found, str)
    assert reason in found.replace(str(tmp_path / "python3"), "PYTHON")


def test_a_program_that_cannot_be_read_is_left_to_the_kernel(tmp_path: Path) -> None:
    assert "cannot read the program" in interpreter_of(os.fsencode(tmp_path / "missing.py"), str(tmp_path))
