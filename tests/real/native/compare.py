"""Compare two servers' responses to one conversation, as lines; parts that vary on the native server are noise.

Pure: knows the form of the responses. It must not know apps, servers or accepted differences.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from tests.real.native.battery import Facts

OF_THE_SERVER = {"date", "server", "via", "connection", "keep-alive", "transfer-encoding", "alt-svc"}
"""Headers that each server adds by its own rules."""

_FILES = b"Tue, 14 Nov 2023"
_TIME = re.compile(rb"(?!" + _FILES + rb")(\w{3}, \d\d \w{3} \d{4} |\d{4}-\d\d-\d\d[ T])\d\d:\d\d:\d\d(\.\d+)?")
"""The time of a request in a page: two native responses may be in one minute, and the adapted one in the next. The date
of the files is the same in each process."""
_TOKENS = re.compile(r"\w+|\W")
_SHOWN = 4000
_FNAME = 8  # the only flag of the header: a file name, which NUL ends


def lines(facts: Facts) -> list[str]:
    """Return one conversation as lines: "2 status 200", "2 content-type: text/plain", "2 body …"."""
    said = []
    for number, heard in enumerate(facts):
        for answer in heard.answers:
            said += [f"{number} status {answer.status}", f"{number} reason {answer.reason}"]
            compared = _without_padding(answer.body)
            padded, length = str(len(answer.body)), str(len(compared))
            kept = [(name.lower(), value) for name, value in answer.headers]
            kept = [(name, length if (name, value) == ("content-length", padded) else value) for name, value in kept]
            said += [
                f"{number} {name}: {spelled(name, value)}" for name, value in sorted(kept) if name not in OF_THE_SERVER
            ]
            body = _TIME.sub(b"...", compared)
            shown = body.decode("latin-1") if len(body) <= _SHOWN else ""
            said.append(f"{number} body {shown or hashlib.sha256(body).hexdigest()} ({length} octets)")
            said.append(f"{number} {'whole' if answer.whole else 'cut'}{', streamed' if answer.streamed else ''}")
        if heard.end in ("silent", "cut") or not heard.answers:
            said.append(f"{number} connection {heard.end}")
    return said


def _without_padding(body: bytes) -> bytes:
    """Return a gzip body without its time and its file name (RFC 1952, 2.3: MTIME, FNAME). Return any other body
    unchanged.

    Django's GZipMiddleware gives the name a random length, against attacks that measure lengths. With the length 0,
    there is no name, and FLG has no bit for one.
    """
    if not body.startswith(b"\x1f\x8b\x08"):
        return body
    flags = body[3]
    rest = body[10:].partition(b"\0")[2] if flags == _FNAME else body[10:]
    return body[:3] + bytes([flags & ~_FNAME]) + bytes(4) + body[8:10] + rest


def spelled(name: str, value: str) -> str:
    """Return the value in a form that is equal on each server: sorted methods, a cookie without its signed value."""
    if name == "allow":
        return ", ".join(sorted(method.strip() for method in value.split(",")))
    if name == "expires":
        return "…"  # times of the request, and others
    if name == "set-cookie":
        return re.sub(r"(expires)=[^;]*", r"\1=…", re.sub(r"=[^;]*", "=…", value, count=1), flags=re.IGNORECASE)
    return value


def _without_added_lengths(native: Facts, text: list[str]) -> list[str]:
    """Drop the Content-Length of each response that has none on a native server, because PEP 3333 allows a server to
    add it.
    """
    framed = {
        (number, index)
        for number, heard in enumerate(native)
        for index, answer in enumerate(heard.answers)
        if answer.header("content-length") or answer.status >= 500
    }
    kept, seen = [], dict.fromkeys(range(len(native)), -1)
    for line in text:
        number = int(line.split()[0])
        if line.split()[1] == "status":
            seen[number] += 1
        if line.split()[1] == "content-length:" and (number, seen[number]) not in framed:
            continue
        kept.append(line)
    return kept


def masked(one: Sequence[str], other: Sequence[str], text: Sequence[str]) -> list[str]:
    """Return `text`; words that differ between the native responses `one` and `other` are replaced by "…"."""
    if len(one) != len(other):
        return list(text)
    by_kind: dict[str, set[str]] = {}
    for first, second in zip(one, other, strict=True):
        if first != second:
            ours, theirs = _TOKENS.findall(first), _TOKENS.findall(second)
            words = {word for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1] for word in pair}
            by_kind[" ".join(first.split()[:2])] = words if len(ours) == len(theirs) else set()
    made = []
    for index, line in enumerate(text):
        kind = " ".join(line.split()[:2])
        if kind not in by_kind:
            made.append(line)
        elif index < len(one) and by_kind[kind] and len(_TOKENS.findall(line)) == len(_TOKENS.findall(one[index])):
            pairs = zip(_TOKENS.findall(one[index]), _TOKENS.findall(other[index]), _TOKENS.findall(line), strict=False)
            made.append("".join(third if first == second else "…" for first, second, third in pairs))
        else:
            made.append(f"{kind} …")
    return made


def differences(native: Facts, again: Facts, adapted: Facts) -> list[str]:
    """Return the differences that exceed those between two native responses: lines with "-" (native), "+" (adapted)."""
    first, second, third = lines(native), lines(again), _without_added_lengths(native, lines(adapted))
    ours, theirs = masked(first, second, first), masked(first, second, third)
    return [
        *(f"- {line}" for line in ours if line not in theirs),
        *(f"+ {line}" for line in theirs if line not in ours),
    ]
