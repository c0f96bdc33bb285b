"""Detect the kind of a file of requests, and pass its content to the reader of that kind."""

import codecs
import json
import re
from pathlib import Path

from gateways.failure import Failure
from gateways.requests import access_log, har, json_lines, json_log
from gateways.requests.source import Progress, ignore, opened
from gateways.requests.traffic import Kind, Traffic


def read(file: Path, log_format: str | None = None, progress: Progress = ignore) -> Traffic:
    """Return the requests in a HAR file, an access log, or a file of JSON lines. The file may be compressed with gzip.

    Raises: Failure: the file cannot be read or is invalid; the text names the line.
    """
    with opened(file, progress) as source:
        start = source.head.decode("latin-1")
        if (why := _is_no_text(source.head, file.name)) is not None:
            raise Failure(f"{file.name} is {why}; --requests reads a HAR file, an access log or JSON lines")
        if not start.strip():
            raise Failure(f"{file} is empty")
        kind: Kind = "access log" if log_format is not None else kind_of(start, file.name)
        if kind == "har":
            found = har.read(source.text(), file.name)
        elif kind == "json lines":
            found = json_lines.read(source.text(), file.name, lambda name: (file.parent / name).read_bytes())
        else:
            found = access_log.read(source.lines(), file.name, log_format)
    if not (found.requests or found.login):
        why = f": {found.left_out[0].where}: {found.left_out[0].why}" if found.left_out else ""
        raise Failure(f"{file} contains no request that can be replayed{why}")
    return found


def kind_of(text: str, name: str = "") -> Kind:
    """Return the kind of a file, from its beginning, which may end in the middle of a line.

    Raises: Failure: a known kind that is not supported.
    """
    if name.lower().endswith((".http", ".rest")):
        raise Failure(f"{name}: .http files are not supported; save the requests as a HAR file or as JSON lines")
    start = text.lstrip()
    if not _JSON.match(start):
        return "access log"
    first = start.partition("\n")[0]
    try:
        entry = json.loads(first)
    except json.JSONDecodeError:
        if _is_json_log(start):
            return "access log"
        # The object of a HAR file spans many lines, or is longer than this beginning. In a file of JSON lines, the
        # first line is a complete object.
        is_object = "\n" in start and first.rstrip().endswith("}")
        return "json lines" if is_object or '"log"' not in start[:2000] else "har"
    if isinstance(entry, dict) and isinstance(entry.get("log", ""), dict):
        return "har"
    return "access log" if _is_json_log(start) else "json lines"


_JSON = re.compile(r'\{|\[\s*(?:[\[{"]|$)')
"""Beginning of a JSON document. The log lines of some servers begin with a bracket too: `[2026-11-30 07:04:33]`."""


def _is_json_log(text: str) -> bool:
    """Return True if one of the first lines is a request in an access log that consists of JSON objects."""
    for line in text.split("\n")[:LINES]:
        entry = json_log.entry_of(line)
        if entry is not None and json_lines.HEADING in entry:
            return False
        if json_log.inner_of(entry) is not None or (entry is not None and json_log.logged(entry) is not None):
            return True
    return False


LINES = 100
"""Number of lines to search for a request, because other messages may precede the first request."""

PACKED = {b"BZh": "bunzip2", b"\xfd7zXZ\x00": "unxz", b"\x28\xb5\x2f\xfd": "unzstd",
          b"PK\x03\x04": "unzip"}  # fmt: skip
"""Programs that unpack compressed files, by the first bytes of the file."""

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def _is_no_text(octets: bytes, name: str) -> str | None:
    """Return the kind of a file that is not text in UTF-8 or a one-byte encoding; None for text."""
    for begin, program in PACKED.items():
        if octets.startswith(begin):
            return f"compressed; unpack it first: {program} {name}"
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "in UTF-16; save it in UTF-8"
    found = list(CONTROL.finditer(octets))
    if len(found) * SOME <= len(octets):  # a log may contain a few control characters
        return None
    return f"a binary file (byte {found[0][0][0]:#04x} at {found[0].start()})"


SOME = 20
"""Minimum number of bytes per control character in a text file."""
