"""Plain English in code, messages and pages: phrases that are hard to read, and their replacements.

Knows phrases only. It reads every line of the library, the toolkit and the pages, and the names of the tests.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SUFFIXES = {".py", ".md", ".js", ".html", ".cgi", ".toml", ".yml"}
# Tests, except their names, and the page that lists these.
LEFT_OUT = ("tests/", "docs/peers.md")

INSTEAD = {
    r"(?<!Cart of )\b(nobody|somebody|whoever)\b(?![`'\"])": "name it: client, caller, server, process",
    r"\b(is|are|was|were) (?-i:none) (for|of|that)\b": "'not a', 'unknown', 'invalid', 'not installed'",
    r"\banew\b": "'again', 'from the beginning', 'regenerated'",
    r"\blikewise\b": "'also', 'the same way'",
    r"\bbeforehand\b": "'before', 'first', 'in advance'",
    r"\bheld against\b|\bhold it against\b": "'compared with'",
    r"\bheed(s|ed|ing)?\b": "'ignore', 'honour', 'obey'",
    r"\bfor ever\b|\bagain and again\b": "'forever', 'endless', 'repeatedly'",
    r"\b(process|thread|loop|folder|connection|task|server|port|core|timer)s? of (its|their) own\b": "'its own …'",
    r"\b(requests|responses|messages|bytes|octets) a second\b": "'per second'",
    r"(?<!person )(?<!reader )\b(is|are|was|were|been|be) (told|asked)\b": "'notified', 'configured', 'requested'",
    r"\b(servers?|apps?|clients?|programs?|stacks?|contenders?|it) answers?\b(?! to\b)": "'responds', 'serves'",
    r"\banswers [1-5]\d\d\b": "'responds with 404'",
    r"\b(some|no|few|more|all|the|old|new|its) answers\b(?! to\b)": "'responses'",
    r"\b(tell|tells) (an?|the|its) (app|application|program|server|client)\b": "'notify'",
    r"\banother (number|status|value) (of|than)\b": "'a different number'",
    r"\bwhat (an?|the) \w+ (costs|gets|wants|asks|gains|brings|took)\b": "a noun: 'the cost of a request'",
    r"\bas far as (it|they|there)\b|\b(of now|at hand)\b": "'if', 'current', 'available'",
    r"\bcan(not)? be had\b|\bis there no more\b": "'is available', 'can be installed'",
    r'"""(Whether|Who|Have) ': "'Return True if', 'The client that', 'Make'",
    r"(?<!one )(?<!person )(?<!user )\bwho (asks|ends|gets|waits|answers|serves|runs|sends)\b": "'which' or 'that'",
}
# In the names of tests only: a sentence of a page may use these words.
IN_NAMES = {
    r"\b(is|are) said\b|\bsaid to\b|\bsays so\b": "'is reported', 'is stated'",
    r"\btells?\b|\btold\b": "'reports', 'contains', 'separate'",
    r"^what\b": "name it: 'invalid values', 'other text'",
    r"\bas ever\b|\bare left alone\b|\bto be had\b": "'as usual', 'are not changed', 'is available'",
}
PATTERNS = {re.compile(phrase, re.IGNORECASE): instead for phrase, instead in INSTEAD.items()}


def texts() -> list[str]:
    """Return the files with text for people, relative to the root, without links."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    return [
        name
        for name in listed
        if (Path(name).suffix in SUFFIXES or Path(name).name == "Makefile")
        and not name.startswith(LEFT_OUT)
        and (ROOT / name).is_file()
        and not (ROOT / name).is_symlink()
    ]


def found(text: str) -> list[str]:
    """Return the lines with such a phrase, and the replacement."""
    return [
        f"{number}: {line.strip()[:100]}  [{match[0]}: {instead}]"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in PATTERNS.items()
        if (match := pattern.search(line))
    ]


@pytest.mark.parametrize("folder", sorted({name.partition("/")[0] for name in texts()}))
def test_text_is_in_plain_english(folder: str) -> None:
    names = [name for name in texts() if name.partition("/")[0] == folder]
    assert [f"{name}:{line}" for name in names for line in found((ROOT / name).read_text(encoding="utf-8"))] == []


def test_names_of_tests_are_in_plain_english() -> None:
    names = {
        name.replace("_", " ")
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def test_(\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(names) > 1000
    patterns = {**INSTEAD, **IN_NAMES}
    assert [(name, patterns[each]) for name in sorted(names) for each in patterns if re.search(each, name)] == []


@pytest.mark.parametrize(
    "line",
    [
        "Where programs go that nobody waits for",
        "'uvicorn' is none for wsgi",
        "made anew by `make docs`",
        "who asks in another thread",
        "The file is held against another one",
        "A loop of its own thread, and a thread of its own",
        "It is sent again and again",
        "one core sends 10,000 requests a second",
        '"""Have the loop run it."""',
        "the server answers with 302",
        "the app is told that its client has left",
        "what can be had is not mocked",
        "some answers of the new stack differ",
        "ASGIToWSGI tells an app that its client has left",
        "a header that is repeated another number of times",
        "what a request costs",
        "pieces as far as they came",
    ],
)
def test_a_hard_phrase_is_found(line: str) -> None:
    assert len(found(line)) == 1


@pytest.mark.parametrize(
    "line", ["a person who reads this page", "None if absent", "someone who moves an app", "the answer to it"]
)
def test_a_person_may_be_called_who(line: str) -> None:
    assert found(line) == []
